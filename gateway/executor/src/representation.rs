//! Representations: what is sent for an entity.

use causeway_model::{Representation, RepresentationField};

use crate::data::{Data, FailureId, Object};

/// Why there is nothing to send for an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsendable {
    /// A part of its key is null: there is no such entity to ask for.
    NullKey,
    /// What the subgraph needs could not be loaded.
    Failed(FailureId),
}

/// Appends the representation's JSON. On an error `out` is as it was before.
pub(crate) fn write(representation: &Representation, object: &Object, out: &mut Vec<u8>) -> Result<(), Unsendable> {
    let start = out.len();
    out.extend_from_slice(b"{\"__typename\":\"");
    out.extend_from_slice(representation.typename.as_bytes());
    out.push(b'"');
    for field in &representation.fields {
        if let Err(reason) = write_field(field, object, out, true) {
            out.truncate(start);
            return Err(reason);
        }
    }
    out.push(b'}');
    Ok(())
}

fn write_field(
    field: &RepresentationField,
    object: &Object,
    out: &mut Vec<u8>,
    comma: bool,
) -> Result<(), Unsendable> {
    if comma {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(field.name.as_bytes());
    out.extend_from_slice(b"\":");
    write_value(field, object.get(field.key).unwrap_or(&Data::Null), out)
}

fn write_value(field: &RepresentationField, data: &Data, out: &mut Vec<u8>) -> Result<(), Unsendable> {
    match data {
        Data::Failed(failure) => return Err(Unsendable::Failed(*failure)),
        Data::Null if field.is_key => return Err(Unsendable::NullKey),
        Data::Null => out.extend_from_slice(b"null"),
        Data::Leaf(raw) => out.extend_from_slice(raw),
        Data::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(field, item, out)?;
            }
            out.push(b']');
        }
        Data::Object(object) => {
            out.push(b'{');
            let mut comma = false;
            for below in &field.fields {
                let applies = below.only_for.is_empty()
                    || object.typename().is_some_and(|ty| below.only_for.iter().any(|name| name == ty));
                if applies {
                    write_field(below, object, out, comma)?;
                    comma = true;
                }
            }
            out.push(b'}');
        }
    }
    Ok(())
}
