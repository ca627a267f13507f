//! An answer to a batch -> a piece for each entity: where it stands in the body, and which errors speak of it.

use bytes::Bytes;
use causeway_json::{JsonError, Scanner};

use crate::{
    answer::{self, Attribution, Unreadable, span},
    batch::Span,
};

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

impl Split {
    /// `lists`: keys of the lists with the number of entities asked for.
    pub(crate) fn new(body: Bytes, lists: &[(&str, usize)]) -> Result<Self, Unreadable> {
        let mut reader = Reader {
            lists,
            found: lists.iter().map(|_| None).collect(),
            errors: Vec::new(),
            loose: Vec::new(),
        };
        answer::read(&body, &mut reader)?;
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

struct Reader<'l> {
    lists: &'l [(&'l str, usize)],
    found: Vec<Option<Vec<Span>>>,
    errors: Vec<Located>,
    loose: Vec<Span>,
}

impl Attribution for Reader<'_> {
    /// The list and the entity that a path begins with, and where its number stands.
    type Place = (usize, usize, Span);

    fn member(&mut self, (key, _): (&[u8], usize), scanner: &mut Scanner<'_>) -> Result<(), Unreadable> {
        let Some(list) = self.list(key) else {
            scanner.value()?;
            return Ok(());
        };
        let spans = entities(scanner, self.lists[list].1)?;
        if self.found[list].is_some() {
            return Err(Unreadable::NotGraphql("it has a list of entities twice"));
        }
        self.found[list] = spans;
        Ok(())
    }

    fn path(&mut self, scanner: &mut Scanner<'_>) -> Result<Option<Self::Place>, JsonError> {
        let (mut list, mut entity) = (None, None);
        let mut elements = 0;
        scanner.enter(b'[')?;
        while scanner.more(elements == 0, b']')? {
            let is_string = scanner.peek()? == b'"';
            let start = scanner.position();
            let text = scanner.value()?;
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
        scanner.leave();
        Ok(match (list, entity) {
            (Some(list), Some((entity, number))) if entity < self.lists[list].1 => {
                Some((list, entity, number))
            }
            _ => None,
        })
    }

    fn error(&mut self, text: Span, place: Option<Self::Place>) {
        match place {
            Some((list, entity, number)) => self.errors.push(Located {
                list,
                entity,
                text,
                number,
            }),
            None => self.loose.push(text),
        }
    }
}

impl Reader<'_> {
    fn list(&self, quoted: &[u8]) -> Option<usize> {
        let name = &quoted[1..quoted.len() - 1];
        self.lists.iter().position(|(key, _)| key.as_bytes() == name)
    }
}

/// `None` when this is no list of as many objects and nulls as were asked for.
fn entities(scanner: &mut Scanner<'_>, count: usize) -> Result<Option<Vec<Span>>, JsonError> {
    if scanner.peek()? != b'[' {
        scanner.value()?;
        return Ok(None);
    }
    // What is asked for bounds it, not what is answered.
    let mut spans = Vec::with_capacity(count);
    let mut usable = true;
    scanner.enter(b'[')?;
    let mut first = true;
    while scanner.more(first, b']')? {
        first = false;
        usable &= matches!(scanner.peek()?, b'{' | b'n') && spans.len() < count;
        let span = span(scanner)?;
        if usable {
            spans.push(span);
        }
    }
    scanner.leave();
    Ok((usable && spans.len() == count).then_some(spans))
}
