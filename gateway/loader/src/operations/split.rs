//! The answer to several root queries -> a body for each, as if it had been asked alone.

use bytes::Bytes;
use causeway_json::{JsonError, Scanner};

use super::merge::owner;
use crate::{
    answer::{self, Attribution, Unreadable, span},
    batch::Span,
};

/// By question. `None`: there is nothing of it; or, of all, it cannot be said whose something is.
pub(super) fn parts(body: &Bytes, count: usize) -> Option<Vec<Option<Bytes>>> {
    let mut reader = Reader {
        parts: (0..count).map(|_| Part::default()).collect(),
        loose: false,
    };
    answer::read(body, &mut reader).ok()?;
    (!reader.loose).then(|| reader.parts.iter().map(|part| part.body(body)).collect())
}

#[derive(Default)]
struct Part {
    /// Each key, from behind the prefix to its quote, and its value.
    members: Vec<(Span, Span)>,
    /// Each error before and after the prefix in its path.
    errors: Vec<(Span, Span)>,
}

impl Part {
    fn body(&self, answer: &Bytes) -> Option<Bytes> {
        if self.members.is_empty() {
            return None;
        }
        let pairs = self.members.iter().chain(&self.errors);
        let size: usize = pairs.map(|(one, other)| one.len() + other.len() + 3).sum();
        let mut body = Vec::with_capacity(size + r#"{"data":{},"errors":[]}"#.len());
        body.extend_from_slice(b"{\"data\":{");
        for (position, (key, value)) in self.members.iter().enumerate() {
            body.extend_from_slice(if position == 0 { b"\"" } else { b",\"" });
            body.extend_from_slice(&answer[key.clone()]);
            body.push(b':');
            body.extend_from_slice(&answer[value.clone()]);
        }
        body.push(b'}');
        for (position, (before, after)) in self.errors.iter().enumerate() {
            body.extend_from_slice(if position == 0 { b",\"errors\":[" } else { b"," });
            body.extend_from_slice(&answer[before.clone()]);
            body.extend_from_slice(&answer[after.clone()]);
        }
        if !self.errors.is_empty() {
            body.push(b']');
        }
        body.push(b'}');
        Some(body.into())
    }
}

struct Reader {
    parts: Vec<Part>,
    /// There is an error that could be anybody's.
    loose: bool,
}

impl Attribution for Reader {
    /// The question, and the bytes of its prefix.
    type Place = (usize, Span);

    fn member(&mut self, (key, at): (&[u8], usize), scanner: &mut Scanner<'_>) -> Result<(), Unreadable> {
        let value = span(scanner)?;
        if let Some((number, prefix)) = self.owner(key) {
            let own = at + prefix..at + key.len();
            self.parts[number].members.push((own, value));
        }
        Ok(())
    }

    fn path(&mut self, scanner: &mut Scanner<'_>) -> Result<Option<Self::Place>, JsonError> {
        let mut place = None;
        let mut first = true;
        scanner.enter(b'[')?;
        while scanner.more(first, b']')? {
            let is_string = scanner.peek()? == b'"';
            let start = scanner.position();
            let text = scanner.value()?;
            if first && is_string {
                let owner = self.owner(text);
                place = owner.map(|(number, prefix)| (number, start + 1..start + prefix));
            }
            first = false;
        }
        scanner.leave();
        Ok(place)
    }

    fn error(&mut self, text: Span, place: Option<Self::Place>) {
        match place {
            Some((number, prefix)) => {
                let pieces = (text.start..prefix.start, prefix.end..text.end);
                self.parts[number].errors.push(pieces);
            }
            None => self.loose = true,
        }
    }
}

impl Reader {
    fn owner(&self, quoted: &[u8]) -> Option<(usize, usize)> {
        owner(quoted).filter(|(number, _)| *number < self.parts.len())
    }
}
