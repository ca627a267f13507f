//! Texts with holes: `product-{$key.id}`.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// `None`: a hole is filled by nothing.
pub(crate) fn fill<'v>(format: &str, of: &dyn Fn(&str) -> Option<Cow<'v, str>>) -> Option<String> {
    let mut filled = String::with_capacity(format.len() + 16);
    let mut rest = format;
    while let Some((before, hole)) = rest.split_once('{') {
        let (path, after) = hole.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&of(path.trim())?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// Whether a format may give this text, whatever fills its holes.
pub(crate) fn may_give(format: &str, text: &str) -> bool {
    match (format.split_once('{'), format.rsplit_once('}')) {
        (Some((before, _)), Some((_, after))) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
        _ => format == text,
    }
}

/// The text of the leaf at a path of names.
pub(crate) fn at<'v>(object: &'v Map<String, Value>, path: &str) -> Option<Cow<'v, str>> {
    let mut names = path.split('.');
    let mut value = object.get(names.next()?)?;
    for name in names {
        value = value.get(name)?;
    }
    match value {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        Value::Bool(value) => Some(value.to_string().into()),
        _ => None,
    }
}

/// The value with its holes filled; a text that is nothing but a hole becomes the value that fills it.
pub(crate) fn fill_value(value: &Value, of: &dyn Fn(&str) -> Option<Value>) -> Option<Value> {
    match value {
        Value::String(text) => {
            let whole = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            if let Some(path) = whole.filter(|path| !path.contains('{')) {
                return of(path.trim());
            }
            let text = fill(text, &|path| match of(path)? {
                Value::String(text) => Some(text.into()),
                Value::Number(number) => Some(number.to_string().into()),
                Value::Bool(value) => Some(value.to_string().into()),
                _ => None,
            });
            text.map(Value::from)
        }
        Value::Object(fields) => {
            let all = fields
                .iter()
                .map(|(name, field)| Some((name.clone(), fill_value(field, of)?)));
            all.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        Value::Array(items) => items.iter().map(|item| fill_value(item, of)).collect(),
        other => Some(other.clone()),
    }
}
