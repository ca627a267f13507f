//! What the stream says.

use causeway_cache::{Event, Position, Target};
use redis::Value;

/// One entry of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) position: Position,
    /// `None`: it cannot be known what it says.
    pub(super) events: Option<Vec<Event>>,
}

pub(super) fn position(id: &[u8]) -> Option<Position> {
    let (time, number) = std::str::from_utf8(id).ok()?.split_once('-')?;
    Some(Position(time.parse().ok()?, number.parse().ok()?))
}

pub(super) fn id(position: Position) -> String {
    format!("{}-{}", position.0, position.1)
}

/// The last position before this one.
pub(super) fn before(position: Position) -> Position {
    match position {
        Position(0, 0) => Position::START,
        Position(time, 0) => Position(time - 1, u64::MAX),
        Position(time, number) => Position(time, number - 1),
    }
}

/// The entries that XREAD found in the one stream that it was asked for.
pub(super) fn read(answer: Value) -> Option<Vec<Entry>> {
    let entries = match answer {
        Value::Nil => return Some(Vec::new()),
        Value::Map(streams) => streams.into_iter().next()?.1,
        Value::Array(streams) => match streams.into_iter().next()? {
            Value::Array(stream) => stream.into_iter().nth(1)?,
            _ => return None,
        },
        _ => return None,
    };
    self::entries(entries)
}

/// The entries of a range, in its order.
pub(super) fn entries(answer: Value) -> Option<Vec<Entry>> {
    let Value::Array(entries) = answer else {
        return None;
    };
    entries.into_iter().map(entry).collect()
}

fn entry(entry: Value) -> Option<Entry> {
    let Value::Array(parts) = entry else { return None };
    let [Value::BulkString(id), fields] = <[Value; 2]>::try_from(parts).ok()? else {
        return None;
    };
    Some(Entry {
        position: position(&id)?,
        events: events(&fields),
    })
}

/// What is in the fields named `event`; all of them have to be understood.
fn events(fields: &Value) -> Option<Vec<Event>> {
    let Value::Array(fields) = fields else { return None };
    let said = fields.chunks_exact(2).filter_map(|field| match field {
        [Value::BulkString(name), Value::BulkString(event)] if name == b"event" => Some(event),
        _ => None,
    });
    let events: Vec<Event> = said.map(|text| event(text)).collect::<Option<_>>()?;
    (!events.is_empty()).then_some(events)
}

/// An event that is not understood, and names its subgraph, can speak of nothing but what that subgraph has answered.
fn event(text: &[u8]) -> Option<Event> {
    serde_json::from_slice(text).ok().or_else(|| {
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text).ok()?;
        Some(Event {
            subgraph: fields.get("subgraph")?.as_str()?.to_owned(),
            target: Target::Subgraph,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn said(fields: &[&str]) -> Option<Vec<Event>> {
        let fields = Value::Array(fields.iter().map(|field| text(field)).collect());
        let answer = Value::Array(vec![Value::Array(vec![
            text("causeway:events"),
            Value::Array(vec![Value::Array(vec![text("5-1"), fields])]),
        ])]);
        let mut entries = read(answer).unwrap();
        assert_eq!(entries[0].position, Position(5, 1));
        entries.remove(0).events
    }

    fn of(subgraph: &str, target: Target) -> Event {
        Event {
            subgraph: subgraph.to_owned(),
            target,
        }
    }

    #[test]
    fn events_are_read_whatever_stands_beside_them() {
        let tag = of("a", Target::Tag("t".to_owned()));
        assert_eq!(
            said(&["event", r#"{"subgraph":"a","tag":"t"}"#]),
            Some(vec![tag.clone()])
        );
        assert_eq!(
            said(&[
                "trace",
                "abc",
                "event",
                r#"{"subgraph":"a","tag":"t"}"#,
                "event",
                r#"{"subgraph":"b"}"#
            ]),
            Some(vec![tag, of("b", Target::Subgraph)])
        );
    }

    #[test]
    fn what_is_not_understood_counts_as_all_that_it_could_be() {
        for event in [
            r#"{"subgraph":"a","key":{"id":"1"}}"#,
            r#"{"subgraph":"a","type":["T"]}"#,
        ] {
            assert_eq!(
                said(&["event", event]),
                Some(vec![of("a", Target::Subgraph)]),
                "{event}"
            );
        }
        for fields in [
            &["event", "nonsense"] as &[&str],
            &["event", r#"{"type":"T"}"#],
            &["event", r#"{"subgraph":"a"}"#, "event", "[]"],
            &["Event", r#"{"subgraph":"a"}"#],
            &[],
        ] {
            assert_eq!(said(fields), None, "{fields:?}");
        }
    }

    #[test]
    fn positions_have_an_order_and_neighbours() {
        assert_eq!(position(b"12-3"), Some(Position(12, 3)));
        assert_eq!(position(b"12"), None);
        for (at, last) in [
            (Position(5, 1), Position(5, 0)),
            (Position(5, 0), Position(4, u64::MAX)),
        ] {
            assert_eq!(before(at), last);
            assert!(last < at);
        }
        assert_eq!(id(before(Position(5, 0))), "4-18446744073709551615");
    }
}
