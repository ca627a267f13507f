//! Numbers as JSON has them and as they are compared here: more digits than these have would look like another number.

use serde_json::Value;

/// Digits that a number with a fraction is told apart by.
const DIGITS: usize = 17;

/// `None`: it has more digits than a number here can have, and would look like another one.
pub(crate) fn number_of(text: &str) -> Option<Value> {
    let number: Value = serde_json::from_str(text).ok()?;
    let digits = text.split(['e', 'E']).next()?.bytes().filter(u8::is_ascii_digit);
    (!number.is_f64() || digits.count() <= DIGITS).then_some(number)
}

/// Whether no number of a JSON text would look like another one.
pub(crate) fn is_exact(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some((first, after)) = rest.split_first() {
        let length = match first {
            b'"' => string_length(after),
            b'-' | b'0'..=b'9' => {
                let is_of_it = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                let end = after
                    .iter()
                    .position(|byte| !is_of_it(byte))
                    .unwrap_or(after.len());
                let text = std::str::from_utf8(&rest[..=end]).unwrap_or_default();
                if number_of(text).is_none() {
                    return false;
                }
                end
            }
            _ => 0,
        };
        rest = &after[length..];
    }
    true
}

/// Of what is left of a string after its first quote.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
