//! W3C Trace Context: `traceparent` and `tracestate` go on, whatever the rules for headers say. What does not have the
//! form of one does not, since receivers would start another trace anyway.

use http::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Members of a list, by the specification.
const MEMBERS: usize = 32;
/// Version, trace, parent and flags, with dashes between.
const LENGTH: usize = 55;

pub(crate) fn is_part(name: &HeaderName) -> bool {
    name == TRACEPARENT || name == TRACESTATE
}

pub(crate) fn pass_on(client: &HeaderMap, headers: &mut HeaderMap) {
    let mut parents = client.get_all(TRACEPARENT).iter();
    let (Some(parent), None) = (parents.next(), parents.next()) else {
        return;
    };
    if !is_parent(parent.as_bytes()) {
        return;
    }
    headers.insert(TRACEPARENT, parent.clone());
    let states = client.get_all(TRACESTATE);
    if is_state(states.iter()) {
        for state in states {
            headers.append(TRACESTATE, state.clone());
        }
    }
}

/// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; later versions may say more after that.
fn is_parent(value: &[u8]) -> bool {
    let Some((known, more)) = value.split_at_checked(LENGTH) else {
        return false;
    };
    let mut parts = known.split(|byte| *byte == b'-');
    let mut part = |length: usize| {
        let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        parts
            .next()
            .filter(|part| part.len() == length && part.iter().all(hex))
    };
    let (Some(version), Some(trace), Some(parent), Some(_flags)) = (part(2), part(32), part(16), part(2))
    else {
        return false;
    };
    let some = |id: &[u8]| id.iter().any(|byte| *byte != b'0');
    let ends = more.is_empty() || (version != b"00" && more.starts_with(b"-"));
    version != b"ff" && some(trace) && some(parent) && ends
}

fn is_state<'v>(values: impl Iterator<Item = &'v HeaderValue>) -> bool {
    let mut members = 0;
    for value in values {
        let Ok(value) = value.to_str() else {
            return false;
        };
        for member in value
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty())
        {
            members += 1;
            if member.split_once('=').is_none_or(|(key, _)| key.is_empty()) {
                return false;
            }
        }
    }
    (1..=MEMBERS).contains(&members)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_has_the_form_of_a_parent_is_one() {
        assert!(is_parent(GOOD.as_bytes()));
        let later = GOOD.replacen("00", "cc", 1);
        assert!(is_parent(later.as_bytes()));
        assert!(is_parent(format!("{later}-more").as_bytes()));
        for wrong in [
            "",
            "00",
            &GOOD.to_uppercase(),
            &GOOD.replacen("00", "ff", 1),
            &format!("{GOOD}-more"),
            &format!("{later}more"),
            &GOOD[..GOOD.len() - 1],
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replace('-', "_"),
            &GOOD.replace("4b", "g4"),
        ] {
            assert!(!is_parent(wrong.as_bytes()), "{wrong}");
        }
    }

    fn passed(sent: &[(&'static str, &str)]) -> Vec<String> {
        let mut client = HeaderMap::new();
        for (name, value) in sent {
            client.append(*name, value.parse().unwrap());
        }
        let mut headers = HeaderMap::new();
        pass_on(&client, &mut headers);
        let passed = headers.iter();
        passed
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn a_state_goes_with_its_parent_or_not_at_all() {
        let parent = format!("traceparent: {GOOD}");
        assert_eq!(
            passed(&[
                ("traceparent", GOOD),
                ("tracestate", "a=1,b=2"),
                ("tracestate", "c=3")
            ]),
            [&parent, "tracestate: a=1,b=2", "tracestate: c=3"]
        );
        let many = vec!["a=1"; 33].join(",");
        for bad in ["", ",", "a", "=1", &many] {
            assert_eq!(
                passed(&[("traceparent", GOOD), ("tracestate", bad)]),
                [&parent[..]],
                "{bad}"
            );
        }
        assert!(passed(&[("tracestate", "a=1")]).is_empty());
        assert!(passed(&[("traceparent", "no"), ("tracestate", "a=1")]).is_empty());
        assert!(passed(&[("traceparent", GOOD), ("traceparent", GOOD)]).is_empty());
    }
}
