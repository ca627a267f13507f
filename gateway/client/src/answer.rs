//! HTTP response -> subgraph reply: what counts as an answer.

use std::{error::Error, sync::Arc};

use causeway_executor::{CachingHeaders, FetchFailure, SubgraphReply};
use http::{HeaderMap, Response, header};
use hyper::body::Incoming;
use serde::{Deserialize, de::IgnoredAny};

use crate::{body, decode::Encoding};

/// Reads at most `limit` bytes of body, decoded.
pub(crate) async fn read(response: Response<Incoming>, limit: usize) -> Result<SubgraphReply, FetchFailure> {
    let (head, body) = response.into_parts();
    let encoding = Encoding::of(&head.headers);
    let whole = async |limit| encoding?.decode(body::read(body, limit).await?, limit);
    if head.status.is_success() {
        let caching = caching(&head.headers);
        return whole(limit).await.map(|body| SubgraphReply {
            caching,
            ..SubgraphReply::new(body)
        });
    }
    // GraphQL over HTTP: an error status may carry a response. Anything else that comes with it, an error page for
    // one, says less than the status does, and so does a body that cannot be read.
    let bad_status = FetchFailure::BadStatus {
        status: head.status.as_u16(),
    };
    if !is_json(&head.headers) {
        return Err(bad_status);
    }
    match whole(limit).await {
        Ok(body) if is_graphql(&body) => Ok(SubgraphReply::new(body)),
        _ => Err(bad_status),
    }
}

fn caching(headers: &HeaderMap) -> Option<Arc<CachingHeaders>> {
    let joined = |name| {
        let values = headers.get_all(name).iter();
        let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        (!texts.is_empty()).then(|| texts.join(","))
    };
    let caching = CachingHeaders {
        cache_control: joined(header::CACHE_CONTROL),
        age: joined(header::AGE),
        vary: joined(header::VARY),
    };
    (caching != CachingHeaders::default()).then(|| Arc::new(caching))
}

pub(crate) fn unreachable(error: &hyper::Error) -> FetchFailure {
    FetchFailure::Unreachable {
        reason: innermost(error),
    }
}

/// The innermost cause says most: "connection refused" rather than "error sending request".
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    ["application/graphql-response+json", "application/json"]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
}

/// The parts that make a JSON object a GraphQL response. Frameworks answer errors of their own in JSON, too:
/// `{"status": 500, "message": "…"}`.
#[derive(Deserialize)]
struct Parts {
    data: Option<IgnoredAny>,
    errors: Option<IgnoredAny>,
}

fn is_graphql(body: &[u8]) -> bool {
    serde_json::from_slice::<Parts>(body).is_ok_and(|parts| parts.data.is_some() || parts.errors.is_some())
}
