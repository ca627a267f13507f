//! An answer to a batch -> a piece for each entity: where it stands in the body, and which errors speak of it.

use bytes::Bytes;
use causeway_executor::FetchFailure;
use causeway_json::{JsonError, Scanner};

use crate::batch::Span;

/// A body and what stands where in it.
#[derive(Debug)]
pub(crate) struct Split {
    body: Bytes,
    /// By list. `None`: the list brought nothing that could be told apart by entity.
    lists: Vec<Option<Vec<Span>>>,
    /// By list and entity.
    errors: Vec<Located>,
    /// Errors that name no entity.
    loose: Vec<Span>,
}

/// An error about one entity.
#[derive(Debug)]
struct Located {
    list: usize,
    entity: usize,
    text: Span,
    /// The entity's number in the error's path.
    number: Span,
}

/// An error's text, before and after the number of the entity in its path.
pub(crate) type ErrorText<'s> = (&'s [u8], &'s [u8]);

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

impl Split {
    /// `lists`: keys of the lists with the number of entities asked for.
    pub(crate) fn new(body: Bytes, lists: &[(&str, usize)]) -> Result<Self, Unreadable> {
        std::str::from_utf8(&body).map_err(|_| Unreadable::NotUtf8)?;
        let mut reader = Reader {
            scanner: Scanner::new(&body),
            lists,
            found: lists.iter().map(|_| None).collect(),
            errors: Vec::new(),
            loose: Vec::new(),
        };
        reader.envelope()?;
        let Reader {
            found,
            mut errors,
            loose,
            ..
        } = reader;
        errors.sort_by_key(|error| (error.list, error.entity));
        // A list of which nothing was asked is complete without anything.
        let known = found.into_iter().zip(lists);
        let lists = known.map(|(found, (_, count))| found.or_else(|| (*count == 0).then(Vec::new)));
        Ok(Self {
            lists: lists.collect(),
            errors,
            loose,
            body,
        })
    }

    /// Whether everything in it belongs to an entity, and every entity has something.
    pub(crate) fn is_complete(&self) -> bool {
        self.loose.is_empty() && self.lists.iter().all(Option::is_some)
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn entity(&self, list: usize, entity: usize) -> Option<&[u8]> {
        let list = self.lists[list].as_ref()?;
        Some(&self.body[list[entity].clone()])
    }

    pub(crate) fn errors_of(&self, list: usize, entity: usize) -> impl Iterator<Item = ErrorText<'_>> {
        let wanted = (list, entity);
        let start = self
            .errors
            .partition_point(|error| (error.list, error.entity) < wanted);
        self.errors[start..]
            .iter()
            .take_while(move |error| (error.list, error.entity) == wanted)
            .map(|error| {
                let Located { text, number, .. } = error;
                (
                    &self.body[text.start..number.start],
                    &self.body[number.end..text.end],
                )
            })
    }

    pub(crate) fn loose(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.loose.iter().map(|span| &self.body[span.clone()])
    }
}

struct Reader<'b, 'l> {
    scanner: Scanner<'b>,
    lists: &'l [(&'l str, usize)],
    found: Vec<Option<Vec<Span>>>,
    errors: Vec<Located>,
    loose: Vec<Span>,
}

impl Reader<'_, '_> {
    fn envelope(&mut self) -> Result<(), Unreadable> {
        if self.scanner.peek()? != b'{' {
            return Err(Unreadable::NotGraphql("it is not a JSON object"));
        }
        let mut seen = (false, false);
        self.scanner.enter(b'{')?;
        let mut first = true;
        while self.scanner.more(first, b'}')? {
            first = false;
            let key = self.scanner.string()?;
            self.scanner.expect(b':')?;
            match key {
                b"\"data\"" if !seen.0 => {
                    seen.0 = true;
                    self.data()?;
                }
                b"\"errors\"" if !seen.1 => {
                    seen.1 = true;
                    self.errors()?;
                }
                b"\"data\"" | b"\"errors\"" => {
                    return Err(Unreadable::NotGraphql("it has `data` or `errors` twice"));
                }
                _ => {
                    self.scanner.value()?;
                }
            }
        }
        self.scanner.leave();
        self.scanner.end()?;
        if seen == (false, false) {
            return Err(Unreadable::NotGraphql("it has neither `data` nor `errors`"));
        }
        Ok(())
    }

    fn data(&mut self) -> Result<(), Unreadable> {
        if self.scanner.peek()? != b'{' {
            self.scanner.value()?;
            return Ok(());
        }
        self.scanner.enter(b'{')?;
        let mut first = true;
        while self.scanner.more(first, b'}')? {
            first = false;
            let key = self.scanner.string()?;
            self.scanner.expect(b':')?;
            let Some(list) = self.list(key) else {
                self.scanner.value()?;
                continue;
            };
            let spans = self.entities(self.lists[list].1)?;
            if self.found[list].is_some() {
                return Err(Unreadable::NotGraphql("it has a list of entities twice"));
            }
            self.found[list] = spans;
        }
        self.scanner.leave();
        Ok(())
    }

    fn list(&self, quoted: &[u8]) -> Option<usize> {
        let name = &quoted[1..quoted.len() - 1];
        self.lists.iter().position(|(key, _)| key.as_bytes() == name)
    }

    /// `None` when this is no list of as many objects and nulls as were asked for.
    fn entities(&mut self, count: usize) -> Result<Option<Vec<Span>>, JsonError> {
        if self.scanner.peek()? != b'[' {
            self.scanner.value()?;
            return Ok(None);
        }
        // What is asked for bounds it, not what is answered.
        let mut spans = Vec::with_capacity(count);
        let mut usable = true;
        self.scanner.enter(b'[')?;
        let mut first = true;
        while self.scanner.more(first, b']')? {
            first = false;
            usable &= matches!(self.scanner.peek()?, b'{' | b'n') && spans.len() < count;
            let span = self.value()?;
            if usable {
                spans.push(span);
            }
        }
        self.scanner.leave();
        Ok((usable && spans.len() == count).then_some(spans))
    }

    fn value(&mut self) -> Result<Span, JsonError> {
        self.scanner.peek()?;
        let start = self.scanner.position();
        self.scanner.value()?;
        Ok(start..self.scanner.position())
    }

    fn errors(&mut self) -> Result<(), Unreadable> {
        const NO_LIST: Unreadable = Unreadable::NotGraphql("`errors` is not a list of errors");
        match self.scanner.peek()? {
            b'n' => {
                self.scanner.value()?;
                return Ok(());
            }
            b'[' => {}
            _ => return Err(NO_LIST),
        }
        self.scanner.enter(b'[')?;
        let mut first = true;
        while self.scanner.more(first, b']')? {
            first = false;
            if self.scanner.peek()? != b'{' {
                return Err(NO_LIST);
            }
            self.error()?;
        }
        self.scanner.leave();
        Ok(())
    }

    fn error(&mut self) -> Result<(), JsonError> {
        let start = self.scanner.position();
        let mut paths = 0;
        let mut place = None;
        self.scanner.enter(b'{')?;
        let mut first = true;
        while self.scanner.more(first, b'}')? {
            first = false;
            let key = self.scanner.string()?;
            self.scanner.expect(b':')?;
            // An escaped key may be a path in disguise.
            if key == b"\"path\"" || key.contains(&b'\\') {
                paths += 1;
                place = self.path()?;
            } else {
                self.scanner.value()?;
            }
        }
        self.scanner.leave();
        let text = start..self.scanner.position();
        match place {
            Some((list, entity, number)) if paths == 1 => self.errors.push(Located {
                list,
                entity,
                text,
                number,
            }),
            _ => self.loose.push(text),
        }
        Ok(())
    }

    /// The list and the entity that a path begins with, and where its number stands.
    fn path(&mut self) -> Result<Option<(usize, usize, Span)>, JsonError> {
        if self.scanner.peek()? != b'[' {
            self.scanner.value()?;
            return Ok(None);
        }
        let (mut list, mut entity) = (None, None);
        let mut elements = 0;
        self.scanner.enter(b'[')?;
        while self.scanner.more(elements == 0, b']')? {
            let is_string = self.scanner.peek()? == b'"';
            let start = self.scanner.position();
            let text = self.scanner.value()?;
            match elements {
                0 if is_string => list = self.list(text),
                1 => {
                    let number = std::str::from_utf8(text)
                        .ok()
                        .and_then(|text| text.parse::<usize>().ok());
                    entity = number.map(|number| (number, start..start + text.len()));
                }
                _ => {}
            }
            elements += 1;
        }
        self.scanner.leave();
        Ok(match (list, entity) {
            (Some(list), Some((entity, number))) if entity < self.lists[list].1 => {
                Some((list, entity, number))
            }
            _ => None,
        })
    }
}
