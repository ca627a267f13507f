//! A JSON scanner: finds where values end, and checks that they are JSON, without building them.
//!
//! Grammar: RFC 8259. The input must be UTF-8, which the caller has checked.

/// Nesting that is followed; deeper input is refused, so that no input can exhaust the stack.
const DEPTH_LIMIT: usize = 256;

mod parts;

pub use parts::{Items, Members, items, members};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("the JSON ends too early")]
    Truncated,
    #[error("unexpected character at byte {0}")]
    Unexpected(usize),
    #[error("the JSON is nested more than {DEPTH_LIMIT} levels deep")]
    TooDeep,
}

#[derive(Debug)]
pub struct Scanner<'a> {
    input: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            depth: 0,
        }
    }

    /// Where the scanner is in its input.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Consumes `"name"`, if that comes next.
    pub fn take_name(&mut self, name: &str) -> bool {
        let found = self.peek().is_ok_and(|first| first == b'"')
            && self.input[self.at + 1..].starts_with(name.as_bytes())
            && self.input.get(self.at + 1 + name.len()) == Some(&b'"');
        if found {
            self.at += name.len() + 2;
        }
        found
    }

    /// The next character that is not white space, without consuming it.
    pub fn peek(&mut self) -> Result<u8, JsonError> {
        while let Some(byte) = self.input.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(JsonError::Truncated)
    }

    pub fn expect(&mut self, wanted: u8) -> Result<(), JsonError> {
        if self.peek()? != wanted {
            return Err(JsonError::Unexpected(self.at));
        }
        self.at += 1;
        Ok(())
    }

    /// Consumes `wanted` if it comes next.
    pub fn take(&mut self, wanted: u8) -> Result<bool, JsonError> {
        let found = self.peek()? == wanted;
        self.at += usize::from(found);
        Ok(found)
    }

    pub fn end(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Err(JsonError::Truncated) => Ok(()),
            _ => Err(JsonError::Unexpected(self.at)),
        }
    }

    /// Begins an object or a list; pair with [`Self::leave`].
    pub fn enter(&mut self, bracket: u8) -> Result<(), JsonError> {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            Err(JsonError::TooDeep)
        } else {
            Ok(())
        }
    }

    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Whether another item follows, after `done` items; consumes the comma, or the closing bracket.
    pub fn more(&mut self, first: bool, closing: u8) -> Result<bool, JsonError> {
        if self.take(closing)? {
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
            if self.peek()? == closing {
                return Err(JsonError::Unexpected(self.at));
            }
        }
        Ok(true)
    }

    /// A string with its quotes, as it stands in the input.
    pub fn string(&mut self) -> Result<&'a [u8], JsonError> {
        self.expect(b'"')?;
        let start = self.at - 1;
        loop {
            self.plain();
            match self.input.get(self.at).ok_or(JsonError::Truncated)? {
                b'"' => {
                    self.at += 1;
                    return Ok(&self.input[start..self.at]);
                }
                b'\\' => self.escape()?,
                byte if *byte < 0x20 => return Err(JsonError::Unexpected(self.at)),
                _ => self.at += 1,
            }
        }
    }

    /// Steps over what stands for itself in a string, eight bytes at a time; up to seven of it may be left.
    fn plain(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        // The high bit of each byte that is less than `bound` is set; above the lowest such byte there may be others.
        let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & HIGH;
        while let Some((word, _)) = self.input[self.at..].split_first_chunk::<8>() {
            let word = u64::from_le_bytes(*word);
            let quote = below(word ^ (ONES * u64::from(b'"')), 1);
            let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
            let special = quote | backslash | below(word, 0x20);
            if special != 0 {
                self.at += (special.trailing_zeros() / 8) as usize;
                return;
            }
            self.at += 8;
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.input.get(self.at + 1).ok_or(JsonError::Truncated)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
            b'u' => {
                let digits = self
                    .input
                    .get(self.at + 2..self.at + 6)
                    .ok_or(JsonError::Truncated)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(JsonError::Unexpected(self.at));
                }
                self.at += 6;
            }
            _ => return Err(JsonError::Unexpected(self.at)),
        }
        Ok(())
    }

    /// Steps over one value of any kind. Gives its text.
    pub fn value(&mut self) -> Result<&'a [u8], JsonError> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => {
                self.string()?;
            }
            b'{' => self.object()?,
            b'[' => self.list()?,
            b't' => self.literal(b"true")?,
            b'f' => self.literal(b"false")?,
            b'n' => self.literal(b"null")?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => return Err(JsonError::Unexpected(self.at)),
        }
        Ok(&self.input[start..self.at])
    }

    fn object(&mut self) -> Result<(), JsonError> {
        self.enter(b'{')?;
        let mut first = true;
        while self.more(first, b'}')? {
            self.string()?;
            self.expect(b':')?;
            self.value()?;
            first = false;
        }
        self.leave();
        Ok(())
    }

    fn list(&mut self) -> Result<(), JsonError> {
        self.enter(b'[')?;
        let mut first = true;
        while self.more(first, b']')? {
            self.value()?;
            first = false;
        }
        self.leave();
        Ok(())
    }

    fn literal(&mut self, text: &[u8]) -> Result<(), JsonError> {
        match self.input.get(self.at..self.at + text.len()) {
            Some(found) if found == text => {
                self.at += text.len();
                Ok(())
            }
            Some(_) => Err(JsonError::Unexpected(self.at)),
            None => Err(JsonError::Truncated),
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let byte = |scanner: &Self| scanner.input.get(scanner.at).copied();
        if byte(self) == Some(b'-') {
            self.at += 1;
        }
        match byte(self) {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            Some(_) => return Err(JsonError::Unexpected(self.at)),
            None => return Err(JsonError::Truncated),
        }
        if byte(self) == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(byte(self), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(byte(self), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.input.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        match (self.at > start, self.input.get(self.at)) {
            (true, _) => Ok(()),
            (false, None) => Err(JsonError::Truncated),
            (false, Some(_)) => Err(JsonError::Unexpected(self.at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Result<(), JsonError> {
        let mut scanner = Scanner::new(text.as_bytes());
        scanner.value()?;
        scanner.end()
    }

    #[test]
    fn accepts_what_serde_accepts_and_refuses_the_rest() {
        let cases = [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "12",
            "-1.50",
            "1e5",
            "1E+5",
            "1.5e-10",
            "\"\"",
            "\"a\\u00e9\\n\"",
            "[]",
            "[1, 2]",
            "{}",
            "{\"a\": [1, {\"b\": null}]}",
            " [ ] ",
            "123456789012345678901234567890",
            "",
            "nul",
            "tru",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\u{1}\"",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1,}",
            "[",
            "{",
            "]",
            "1 1",
            "+1",
            "NaN",
            "\"a\" \"b\"",
        ];
        for case in cases {
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(case).is_ok();
            assert_eq!(scan(case).is_ok(), expected, "{case:?}: {:?}", scan(case));
        }
    }

    #[test]
    fn strings_end_where_they_end_wherever_that_is() {
        for length in 0..20 {
            let plain = "a".repeat(length);
            for (text, fits) in [
                (format!("\"{plain}\""), true),
                (format!("\"{plain}é\\n{plain}\""), true),
                (format!("\"{plain}\u{1f}{plain}\""), false),
                (format!("\"{plain}\u{7f}\u{20}{plain}\""), true),
                (format!("\"{plain}"), false),
            ] {
                assert_eq!(scan(&text).is_ok(), fits, "{text:?}");
            }
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(scan(&deep), Err(JsonError::TooDeep));
    }
}
