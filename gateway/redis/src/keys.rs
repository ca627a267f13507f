//! Names in Redis.

use causeway_cache::RecordKey;

use crate::InvalidOptions;

/// Of what values and leases look like. Gateways of different versions share a Redis while one replaces the other: each
/// sees only its own.
const VERSION: &str = "1";

pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    /// `{…}`: a value and its lease are in one slot of a cluster.
    pub(crate) fn value(&self, key: RecordKey) -> String {
        format!("{}:{VERSION}:value:{{{:032x}}}", self.prefix, key.0)
    }

    pub(crate) fn lease(&self, key: RecordKey) -> String {
        format!("{}:{VERSION}:lease:{{{:032x}}}", self.prefix, key.0)
    }
}

/// What is written to see whether a server takes writes.
pub(crate) fn probe(prefix: &str) -> String {
    format!("{prefix}:probe")
}

/// The feed's stream, as services know it.
pub(crate) fn stream(prefix: &str) -> String {
    format!("{prefix}:events")
}

/// The feed's epoch and members, in the stream's slot: the stream's key has no braces and counts as a whole.
pub(crate) fn members(prefix: &str) -> String {
    format!("{{{prefix}:events}}:{VERSION}:members")
}

/// # Errors
/// When names with this prefix would not be in the slots of a cluster that they have to be in.
pub(crate) fn check(prefix: &str) -> Result<(), InvalidOptions> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/".contains(letter);
    if prefix.is_empty() || !prefix.chars().all(allowed) {
        return Err(InvalidOptions::Prefix(prefix.to_owned()));
    }
    Ok(())
}
