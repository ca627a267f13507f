//! The envelope of a GraphQL response: what stands in `data`, and whom each error is about. Who knows which key belongs to whom is an
//! [`Attribution`].

use causeway_executor::FetchFailure;
use causeway_json::{JsonError, Scanner};

use crate::batch::Span;

/// Divides an answer among those who asked.
pub(crate) trait Attribution {
    /// Whom an error is about.
    type Place;

    /// A member of `data`: consumes its value. Its key comes as it stands there, with its quotes, and where that is.
    fn member(&mut self, key: (&[u8], usize), scanner: &mut Scanner<'_>) -> Result<(), Unreadable>;

    /// Consumes an error's path, which is a list.
    fn path(&mut self, scanner: &mut Scanner<'_>) -> Result<Option<Self::Place>, JsonError>;

    /// `None`: the error says nothing of whom it is about that can be understood.
    fn error(&mut self, text: Span, place: Option<Self::Place>);
}

#[derive(Debug)]
pub(crate) enum Unreadable {
    NotUtf8,
    NotJson(JsonError),
    NotGraphql(&'static str),
}

impl From<JsonError> for Unreadable {
    fn from(error: JsonError) -> Self {
        Self::NotJson(error)
    }
}

impl From<Unreadable> for FetchFailure {
    fn from(why: Unreadable) -> Self {
        let reason = match why {
            Unreadable::NotUtf8 => "its answer is not UTF-8".to_owned(),
            Unreadable::NotJson(error) => format!("its answer is not JSON: {error}"),
            Unreadable::NotGraphql(what) => format!("its answer is not a GraphQL response: {what}"),
        };
        Self::Malformed { reason }
    }
}

/// Reads a whole response.
pub(crate) fn read(body: &[u8], to: &mut impl Attribution) -> Result<(), Unreadable> {
    std::str::from_utf8(body).map_err(|_| Unreadable::NotUtf8)?;
    let mut scanner = Scanner::new(body);
    if scanner.peek()? != b'{' {
        return Err(Unreadable::NotGraphql("it is not a JSON object"));
    }
    let mut seen = (false, false);
    scanner.enter(b'{')?;
    let mut first = true;
    while scanner.more(first, b'}')? {
        first = false;
        let key = scanner.string()?;
        scanner.expect(b':')?;
        match key {
            b"\"data\"" if !seen.0 => {
                seen.0 = true;
                data(&mut scanner, to)?;
            }
            b"\"errors\"" if !seen.1 => {
                seen.1 = true;
                errors(&mut scanner, to)?;
            }
            b"\"data\"" | b"\"errors\"" => {
                return Err(Unreadable::NotGraphql("it has `data` or `errors` twice"));
            }
            _ => {
                scanner.value()?;
            }
        }
    }
    scanner.leave();
    scanner.end()?;
    if seen == (false, false) {
        return Err(Unreadable::NotGraphql("it has neither `data` nor `errors`"));
    }
    Ok(())
}

/// Steps over a value.
pub(crate) fn span(scanner: &mut Scanner<'_>) -> Result<Span, JsonError> {
    scanner.peek()?;
    let start = scanner.position();
    scanner.value()?;
    Ok(start..scanner.position())
}

fn data(scanner: &mut Scanner<'_>, to: &mut impl Attribution) -> Result<(), Unreadable> {
    if scanner.peek()? != b'{' {
        scanner.value()?;
        return Ok(());
    }
    scanner.enter(b'{')?;
    let mut first = true;
    while scanner.more(first, b'}')? {
        first = false;
        let key = scanner.string()?;
        let at = scanner.position() - key.len();
        scanner.expect(b':')?;
        to.member((key, at), scanner)?;
    }
    scanner.leave();
    Ok(())
}

fn errors(scanner: &mut Scanner<'_>, to: &mut impl Attribution) -> Result<(), Unreadable> {
    const NO_LIST: Unreadable = Unreadable::NotGraphql("`errors` is not a list of errors");
    match scanner.peek()? {
        b'n' => {
            scanner.value()?;
            return Ok(());
        }
        b'[' => {}
        _ => return Err(NO_LIST),
    }
    scanner.enter(b'[')?;
    let mut first = true;
    while scanner.more(first, b']')? {
        first = false;
        if scanner.peek()? != b'{' {
            return Err(NO_LIST);
        }
        error(scanner, to)?;
    }
    scanner.leave();
    Ok(())
}

fn error(scanner: &mut Scanner<'_>, to: &mut impl Attribution) -> Result<(), JsonError> {
    let start = scanner.position();
    let mut paths = 0;
    let mut place = None;
    scanner.enter(b'{')?;
    let mut first = true;
    while scanner.more(first, b'}')? {
        first = false;
        let key = scanner.string()?;
        scanner.expect(b':')?;
        // An escaped key may be a path in disguise.
        if key != b"\"path\"" && !key.contains(&b'\\') {
            scanner.value()?;
            continue;
        }
        paths += 1;
        place = match scanner.peek()? {
            b'[' => to.path(scanner)?,
            _ => {
                scanner.value()?;
                None
            }
        };
    }
    scanner.leave();
    let text = start..scanner.position();
    to.error(text, place.filter(|_| paths == 1));
    Ok(())
}
