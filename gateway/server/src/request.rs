//! HTTP -> GraphQL request.

use std::borrow::Cow;

use apollo_compiler::response::JsonMap;
use axum::http::Uri;
use serde::Deserialize;

use crate::rejection::Rejection;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphqlRequest {
    pub(crate) query: Option<String>,
    /// Some clients send an empty name for none.
    pub(crate) operation_name: Option<String>,
    pub(crate) variables: Option<JsonMap>,
}

pub(crate) fn from_body(body: &[u8]) -> Result<GraphqlRequest, Rejection> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::from_slice(body)
            .map_err(|error| Rejection::InvalidRequest(format!("the body is no GraphQL request: {error}"))),
        Some(b'[') => Err(Rejection::InvalidRequest(
            "a list of requests is not supported: send one operation a request".to_owned(),
        )),
        Some(_) => Err(Rejection::InvalidRequest(
            "the body is not a JSON object".to_owned(),
        )),
        None => Err(Rejection::InvalidRequest("the body is empty".to_owned())),
    }
}

/// `?query=…&operationName=…&variables=…`
pub(crate) fn from_uri(uri: &Uri) -> Result<GraphqlRequest, Rejection> {
    let mut request = GraphqlRequest::default();
    for pair in uri.query().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = || percent_decoded(value).map(Cow::into_owned);
        match name {
            "query" => request.query = Some(value()?),
            "operationName" => request.operation_name = Some(value()?),
            "variables" => {
                let text = value()?;
                if !text.is_empty() {
                    request.variables = serde_json::from_str(&text).map_err(|error| {
                        Rejection::InvalidRequest(format!("`variables` is not a JSON object: {error}"))
                    })?;
                }
            }
            _ => {}
        }
    }
    Ok(request)
}

fn percent_decoded(text: &str) -> Result<Cow<'_, str>, Rejection> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    let bad = || Rejection::InvalidRequest(format!("`{text}` is not percent-encoded UTF-8"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| {
                    byte.and_then(|byte| char::from(byte).to_digit(16))
                        .ok_or_else(bad)
                };
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).map_err(|_| bad())?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_decoded() {
        let uri: Uri = "/graphql?query=%7B%20me+%7B+id%20%7D%7D&variables=%7B%22a%22%3A1%7D&operationName="
            .parse()
            .unwrap();
        let request = from_uri(&uri).unwrap();
        assert_eq!(request.query.as_deref(), Some("{ me { id }}"));
        assert_eq!(request.operation_name.as_deref(), Some(""));
        assert_eq!(request.variables.unwrap().len(), 1);
        let bad: Uri = "/graphql?query=%7".parse().unwrap();
        assert!(from_uri(&bad).is_err());
    }

    #[test]
    fn bodies_that_are_no_request_are_refused() {
        for body in ["", "[]", "3", "{", "{\"query\": 3}", "{\"variables\": []}"] {
            assert!(from_body(body.as_bytes()).is_err(), "{body}");
        }
        assert!(from_body(br#"{"query":"{a}","variables":null,"extensions":{"x":1}}"#).is_ok());
    }
}
