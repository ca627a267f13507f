//! Representations: what is sent for an entity.

use causeway_model::{EntityTarget, RepresentationField, plan::TYPENAME};

use crate::tree::{FailureId, ObjectId, Tree, Value};

/// Why there is nothing to send for an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsendable {
    /// A part of its key is null, or nobody answered what the subgraph needs: there is no such entity to ask for.
    Unknown,
    /// What the subgraph needs could not be loaded.
    Failed(FailureId),
}

/// Appends the representation's JSON. After an error `out` holds the part that was written.
pub(crate) fn write(
    tree: &Tree,
    target: &EntityTarget,
    object: ObjectId,
    truth: u64,
    out: &mut Vec<u8>,
) -> Result<(), Unsendable> {
    out.extend_from_slice(b"{\"__typename\":\"");
    out.extend_from_slice(target.representation.typename.as_bytes());
    out.push(b'"');
    // `__typename` stands there already, whether or not the field set names it too.
    let fields = target
        .representation
        .fields
        .iter()
        .filter(|field| field.key != TYPENAME);
    write_fields(tree, fields, object, (Some(&target.concrete_type), truth), out)
}

/// Writes the fields that apply to the type, and the closing brace.
fn write_fields<'f>(
    tree: &Tree,
    fields: impl Iterator<Item = &'f RepresentationField>,
    object: ObjectId,
    (ty, truth): (Option<&str>, u64),
    out: &mut Vec<u8>,
) -> Result<(), Unsendable> {
    for field in fields.filter(|field| field.guard.holds(truth)) {
        match ty {
            _ if field.only_for.is_empty() => {}
            Some(ty) if field.only_for.iter().any(|name| name == ty) => {}
            Some(_) => continue,
            None => return Err(Unsendable::Unknown),
        }
        // An interface object's subgraph cannot tell it; then it is left out, for nothing else hangs on it.
        if field.key == TYPENAME && tree.get(object, TYPENAME).is_none() {
            continue;
        }
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(field.name.as_bytes());
        out.extend_from_slice(b"\":");
        // Null is an answer; no answer at all means that the entity is unknown to the subgraph that was asked.
        let value = tree.get(object, field.key).ok_or(Unsendable::Unknown)?;
        write_value(tree, field, value, truth, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn write_value(
    tree: &Tree,
    field: &RepresentationField,
    value: Value,
    truth: u64,
    out: &mut Vec<u8>,
) -> Result<(), Unsendable> {
    match value {
        Value::Failed(failure) => return Err(Unsendable::Failed(failure)),
        Value::Null if field.is_key => return Err(Unsendable::Unknown),
        Value::Null => out.extend_from_slice(b"null"),
        Value::Leaf(raw) => out.extend_from_slice(tree.text(raw)),
        Value::List(list) => {
            out.push(b'[');
            for (index, item) in tree.items(list).iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(tree, field, *item, truth, out)?;
            }
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            write_fields(
                tree,
                field.fields.iter(),
                object,
                (tree.typename(object), truth),
                out,
            )?;
        }
    }
    Ok(())
}
