//! What is asked of Redis in one step that nothing comes between.

use causeway_cache::{Epoch, Position};
use redis::{Cmd, Value, cmd};

use super::entry;

/// All scripts begin with this. KEYS: the stream, the hash of the epoch and the members. ARGV: an epoch for the case that a new
/// one has to begin, the lease, the epoch and the position that the caller believes in (or nothing).
///
/// A new epoch begins when there is none; when the server is another one (a restart, a replica) than the one that it was begun
/// on; when the stream is not the one that it was, which shows in its last id or the number of all its entries being
/// less than they were, or in its first entry being another although nothing was trimmed.
///
/// With it begins a member that nobody is. It stands for all who may still hold a lease of before: an event is not spread until
/// their time is up.
const EPOCH: &str = r"
local function less(a, b)
  local am, an = string.match(a, '^(%d+)-(%d+)$')
  local bm, bn = string.match(b, '^(%d+)-(%d+)$')
  if am ~= bm then return #am < #bm or (#am == #bm and am < bm) end
  return #an < #bn or (#an == #bn and an < bn)
end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local last, added, deleted, first, length = '0-0', 0, '0-0', '', 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  added = nil
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = info[i + 1]
    elseif info[i] == 'entries-added' then added = info[i + 1]
    elseif info[i] == 'max-deleted-entry-id' then deleted = info[i + 1]
    elseif info[i] == 'length' then length = info[i + 1]
    elseif info[i] == 'first-entry' and info[i + 1] then first = info[i + 1][1] end
  end
  if not added or not run then return redis.error_reply('ERR the feed of the cache needs Redis 7 or Valkey') end
end
if added ~= length then first = 'trimmed' end
local known = redis.call('HMGET', KEYS[2], 'run', 'epoch', 'last', 'added', 'first')
local epoch = known[2]
if known[1] ~= run or not (epoch and known[3] and known[4] and known[5])
  or less(last, known[3]) or added < tonumber(known[4])
  or (known[5] ~= '' and first ~= 'trimmed' and first ~= known[5])
  or (epoch == ARGV[3] and less(last, ARGV[4])) then
  epoch = ARGV[1]
  known[5] = ''
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'run', run, 'epoch', epoch, 'm:' .. epoch, '0-0 0 ' .. ARGV[2] .. ' ' .. redis.call('TIME')[1])
end
if known[5] ~= '' then first = known[5] end
";

/// ARGV further: the member, and how many times it did this.
const RENEW: &str = r"
redis.call('HSET', KEYS[2], 'last', last, 'added', added, 'first', first)
if epoch == ARGV[3] then
  local now = redis.call('TIME')[1]
  redis.call('HSET', KEYS[2], 'm:' .. ARGV[5], ARGV[4] .. ' ' .. ARGV[6] .. ' ' .. ARGV[2] .. ' ' .. now)
  if ARGV[6] % 100 == 1 then
    local all = redis.call('HGETALL', KEYS[2])
    for i = 1, #all, 2 do
      local seen = string.sub(all[i], 1, 2) == 'm:' and string.match(all[i + 1], '(%d+)$')
      if seen and seen + 3600 < tonumber(now) then redis.call('HDEL', KEYS[2], all[i]) end
    end
  end
end
return {epoch, last, added, deleted}
";

/// ARGV further: the length at which the stream is trimmed, and events, if any.
const PUBLISH: &str = r"
for i = 6, #ARGV do
  last = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[5], '*', 'event', ARGV[i])
  if added == 0 then first = last end
  added = added + 1
end
redis.call('HSET', KEYS[2], 'last', last, 'added', added, 'first', first)
return {epoch, last, redis.call('HGETALL', KEYS[2])}
";

/// KEYS: the hash. ARGV: members and what was last seen of each.
const FORGET: &str = r"
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
";

/// The feed's keys and what each script is told.
pub(super) struct Scripts {
    pub(super) stream: String,
    pub(super) members: String,
    /// In milliseconds.
    pub(super) lease: u64,
    /// Beyond which the stream is trimmed.
    pub(super) length: usize,
}

/// Where the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) epoch: Epoch,
    pub(super) last: Position,
    /// All entries that the stream ever had.
    pub(super) added: u64,
    /// The last of the entries that were deleted one by one.
    pub(super) deleted: Position,
}

/// Who follows the stream right now, or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Members {
    pub(super) epoch: Epoch,
    pub(super) last: Position,
    pub(super) members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    /// As it stands in the hash: it changes with each renewal.
    pub(super) record: Vec<u8>,
    pub(super) applied: Position,
    /// In milliseconds.
    pub(super) lease: u64,
}

impl Scripts {
    fn eval(&self, script: [&str; 2], belief: Option<(Epoch, Position)>) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(script.concat()).arg(2);
        command.arg(&self.stream).arg(&self.members);
        command.arg(hex(Epoch(rand::random()))).arg(self.lease);
        match belief {
            Some((epoch, applied)) => command.arg(hex(epoch)).arg(entry::id(applied)),
            None => command.arg("").arg("0-0"),
        };
        command
    }

    /// Records how far a member is, if it is right about the epoch, and says where the stream stands: [`seen`].
    pub(super) fn renew(&self, member: &str, belief: Option<(Epoch, Position)>, count: u64) -> Cmd {
        let mut command = self.eval([EPOCH, RENEW], belief);
        command.arg(member).arg(count);
        command
    }

    /// Adds events, or none, and says who has to apply them: [`members`].
    pub(super) fn publish(&self, events: &[String]) -> Cmd {
        let mut command = self.eval([EPOCH, PUBLISH], None);
        command.arg(self.length).arg(events);
        command
    }

    /// Removes members whose records are still what they were.
    pub(super) fn forget(&self, members: &[&Member]) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(FORGET).arg(1).arg(&self.members);
        for member in members {
            command.arg(&member.name).arg(&member.record);
        }
        command
    }

    pub(super) fn leave(&self, member: &str) -> Cmd {
        let mut command = cmd("HDEL");
        command.arg(&self.members).arg(format!("m:{member}"));
        command
    }
}

fn hex(epoch: Epoch) -> String {
    format!("{:032x}", epoch.0)
}

fn epoch(value: &Value) -> Option<Epoch> {
    let text = std::str::from_utf8(bytes(value)?).ok()?;
    u128::from_str_radix(text, 16).ok().map(Epoch)
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

pub(super) fn seen(answer: &Value) -> Option<Seen> {
    let Value::Array(parts) = answer else { return None };
    let [begun, last, Value::Int(added), deleted] = parts.as_slice() else {
        return None;
    };
    Some(Seen {
        epoch: epoch(begun)?,
        last: entry::position(bytes(last)?)?,
        added: u64::try_from(*added).ok()?,
        deleted: entry::position(bytes(deleted)?)?,
    })
}

pub(super) fn members(answer: &Value) -> Option<Members> {
    let Value::Array(parts) = answer else { return None };
    let [begun, last, Value::Array(fields)] = parts.as_slice() else {
        return None;
    };
    let members = fields.chunks_exact(2).filter_map(|field| {
        let (name, record) = (bytes(&field[0])?, bytes(&field[1])?);
        name.starts_with(b"m:").then(|| member(name, record))
    });
    Some(Members {
        epoch: epoch(begun)?,
        last: entry::position(bytes(last)?)?,
        members: members.collect::<Option<_>>()?,
    })
}

fn member(name: &[u8], record: &[u8]) -> Option<Member> {
    let text = std::str::from_utf8(record).ok()?;
    let mut parts = text.split(' ');
    let applied = entry::position(parts.next()?.as_bytes())?;
    let lease = parts.nth(1)?.parse().ok()?;
    Some(Member {
        name: name.to_vec(),
        record: record.to_vec(),
        applied,
        lease,
    })
}
