//! The parts of one object or one list, each as it stands in the text.

use crate::{JsonError, Scanner};

/// An object's members: the key with its quotes, and the value. Nothing may follow the object.
pub fn members(object: &[u8]) -> Result<Members<'_>, JsonError> {
    Parts::new(object, b'{', b'}').map(Members)
}

/// A list's items. Nothing may follow the list.
pub fn items(list: &[u8]) -> Result<Items<'_>, JsonError> {
    Parts::new(list, b'[', b']').map(Items)
}

/// See [`members`]. Ends after the first error.
#[derive(Debug)]
pub struct Members<'a>(Parts<'a>);

/// See [`items`]. Ends after the first error.
#[derive(Debug)]
pub struct Items<'a>(Parts<'a>);

#[derive(Debug)]
struct Parts<'a> {
    scanner: Scanner<'a>,
    closing: u8,
    first: bool,
    done: bool,
}

impl<'a> Parts<'a> {
    fn new(text: &'a [u8], opening: u8, closing: u8) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(text);
        scanner.enter(opening)?;
        Ok(Self {
            scanner,
            closing,
            first: true,
            done: false,
        })
    }

    /// Whether there is another part; the scanner then stands before it.
    fn advance(&mut self) -> Result<bool, JsonError> {
        let more = self.scanner.more(self.first, self.closing)?;
        self.first = false;
        if !more {
            self.scanner.end()?;
        }
        Ok(more)
    }

    fn next_with<T>(
        &mut self,
        read: impl FnOnce(&mut Scanner<'a>) -> Result<T, JsonError>,
    ) -> Option<Result<T, JsonError>> {
        if self.done {
            return None;
        }
        let next = match self.advance() {
            Ok(true) => Some(read(&mut self.scanner)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        };
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_with(|scanner| {
            scanner.peek()?;
            let key = scanner.string()?;
            scanner.expect(b':')?;
            Ok((key, scanner.value()?))
        })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<&'a [u8], JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_with(Scanner::value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_serde_finds_and_bad_text_is_an_error() {
        for text in [
            "{}",
            " { } ",
            r#"{"a": 1 , "b\"" :[1,{"c":null}] }"#,
            "[]",
            "[ 1, [2] ,\"x\" ]",
            "[1,]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1",
            "{} x",
            "[] ]",
            "3",
        ] {
            let ours = match text.trim_start().as_bytes()[0] {
                b'{' => members(text.as_bytes()).and_then(|all| {
                    let all = all.map(|one| one.map(|(key, value)| [key, b":", value].concat()));
                    all.collect::<Result<Vec<_>, _>>()
                        .map(|all| [b"{".to_vec(), all.join(&b","[..]), b"}".to_vec()].concat())
                }),
                _ => items(text.as_bytes()).and_then(|all| {
                    let all = all.map(|one| one.map(<[u8]>::to_vec));
                    all.collect::<Result<Vec<_>, _>>()
                        .map(|all| [b"[".to_vec(), all.join(&b","[..]), b"]".to_vec()].concat())
                }),
            };
            let value = serde_json::from_str::<serde_json::Value>(text)
                .ok()
                .filter(|value| value.is_object() || value.is_array());
            assert_eq!(ours.is_ok(), value.is_some(), "{text}");
            if let Some(value) = value {
                let again: serde_json::Value = serde_json::from_slice(&ours.unwrap()).unwrap();
                assert_eq!(again, value);
            }
        }
    }
}
