//! HTTP response -> subgraph reply: what counts as an answer, and how much of it is read.

use bytes::{Bytes, BytesMut};
use causeway_executor::{FetchFailure, SubgraphReply};
use http::header;
use reqwest::Response;
use serde::{Deserialize, de::IgnoredAny};

/// Reads at most `limit` bytes of body.
pub(crate) async fn read(response: Response, limit: usize) -> Result<SubgraphReply, FetchFailure> {
    let status = response.status();
    if status.is_success() {
        return body(response, limit).await.map(SubgraphReply::new);
    }
    // GraphQL over HTTP: an error status may carry a response. Anything else that comes with it, an error page for
    // one, says less than the status does, and so does a body that cannot be read.
    let bad_status = FetchFailure::BadStatus {
        status: status.as_u16(),
    };
    if !is_json(&response) {
        return Err(bad_status);
    }
    match body(response, limit).await {
        Ok(body) if is_graphql(&body) => Ok(SubgraphReply::new(body)),
        _ => Err(bad_status),
    }
}

/// The innermost cause says most: "connection refused" rather than "error sending request".
pub(crate) fn unreachable(error: &reqwest::Error) -> FetchFailure {
    if error.is_connect() && error.is_timeout() {
        let reason = format!("no connection within {} s", crate::CONNECT_TIMEOUT.as_secs());
        return FetchFailure::Unreachable { reason };
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    FetchFailure::Unreachable {
        reason: cause.to_string(),
    }
}

async fn body(mut response: Response, limit: usize) -> Result<Bytes, FetchFailure> {
    let too_large = || FetchFailure::TooLarge { limit };
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(too_large());
    }
    let Some(first) = response.chunk().await.map_err(|error| unreachable(&error))? else {
        return Ok(Bytes::new());
    };
    // Most answers come in one piece, which is then not copied.
    let mut whole = None;
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        let buffer = whole.get_or_insert_with(|| BytesMut::from(&first[..]));
        if buffer.len() + chunk.len() > limit {
            return Err(too_large());
        }
        buffer.extend_from_slice(&chunk);
    }
    let body = whole.map_or(first, BytesMut::freeze);
    if body.len() > limit {
        Err(too_large())
    } else {
        Ok(body)
    }
}

fn is_json(response: &Response) -> bool {
    let content_type = response
        .headers()
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
