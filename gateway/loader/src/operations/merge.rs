//! Several questions -> one operation. Each one's own names get a prefix: `{user(id:1){name}}` becomes `q0_user:user(id:1){name}`.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use causeway_executor::{EntityList, SubgraphRequest};
use causeway_json::{JsonError, Scanner};
use causeway_model::MergeTemplate;

use super::Call;

/// Of a document and its variables. Some servers take no more than 100 KB.
pub(super) const MOST_BYTES: usize = 64 << 10;

/// Bytes that a question adds, roughly.
pub(super) fn size(request: &SubgraphRequest) -> usize {
    let names = request.merging.as_ref().map_or(0, |merging| merging.names.len());
    request.size() + names * 8
}

/// `None`: one of them cannot be asked with others.
pub(super) fn request(calls: &[Arc<Call>]) -> Option<SubgraphRequest> {
    let room = calls.iter().map(|call| call.request.document.len() + 64).sum();
    let mut definitions = String::new();
    let mut selection = String::with_capacity(room);
    let mut members = Vec::new();
    let mut entities = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let request = &call.request;
        let asked = Asked {
            document: &request.document,
            template: request.merging.as_deref()?,
            prefix: prefix(number),
        };
        if !asked.template.definitions.is_empty() {
            separate(&mut definitions, ',');
            asked.write(&mut definitions, &asked.template.definitions)?;
        }
        separate(&mut selection, ' ');
        asked.write(&mut selection, &asked.template.selection)?;
        write_variables(&mut members, &request.variables, &asked.prefix).ok()?;
        entities.extend(request.entities.iter().map(|list| EntityList {
            key: format!("{}{}", asked.prefix, list.key),
            variable: format!("{}{}", asked.prefix, list.variable),
            representations: list.representations.clone(),
        }));
    }
    let document = match definitions.is_empty() {
        true => format!("{{{selection}}}"),
        false => format!("query({definitions}){{{selection}}}"),
    };
    Some(SubgraphRequest {
        document: document.into(),
        variables: members.into(),
        entities,
        merging: None,
        ..calls.first()?.request.clone()
    })
}

/// What stands before a question's names.
fn prefix(number: usize) -> String {
    format!("q{number}_")
}

/// The question that a quoted response key belongs to, and the bytes before its own name, quote included.
pub(super) fn owner(quoted: &[u8]) -> Option<(usize, usize)> {
    let digits = quoted.strip_prefix(b"\"q")?;
    let end = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    let is_ours = digits[end] == b'_' && !digits.contains(&b'\\');
    let number = std::str::from_utf8(&digits[..end]).ok()?.parse().ok()?;
    is_ours.then_some((number, "\"q".len() + end + 1))
}

fn separate(text: &mut String, with: char) {
    if !text.is_empty() {
        text.push(with);
    }
}

struct Asked<'a> {
    document: &'a str,
    template: &'a MergeTemplate,
    prefix: String,
}

impl Asked<'_> {
    /// A part of the document, with the prefix before its own names. `None`: the template is another document's.
    fn write(&self, text: &mut String, part: &Range<usize>) -> Option<()> {
        let mut written = part.start;
        for name in &self.template.names {
            if !part.contains(&name.at) {
                continue;
            }
            text.push_str(self.document.get(written..name.at)?);
            text.push_str(&self.prefix);
            if name.field > 0 {
                text.push_str(self.document.get(name.at..name.at + name.field)?);
                text.push(':');
            }
            written = name.at;
        }
        text.push_str(self.document.get(written..part.end)?);
        Some(())
    }
}

/// Members of a JSON object, with the prefix before their names.
fn write_variables(to: &mut Vec<u8>, members: &Bytes, prefix: &str) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(members);
    let mut more = !members.is_empty();
    while more {
        let name = scanner.string()?;
        scanner.expect(b':')?;
        let value = scanner.value()?;
        if !to.is_empty() {
            to.push(b',');
        }
        to.push(b'"');
        to.extend_from_slice(prefix.as_bytes());
        to.extend_from_slice(&name[1..]);
        to.push(b':');
        to.extend_from_slice(value);
        more = scanner.end().is_err();
        if more {
            scanner.expect(b',')?;
        }
    }
    Ok(())
}
