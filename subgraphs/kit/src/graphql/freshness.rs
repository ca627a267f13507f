//! How long an answer may be kept: the `Cache-Control` of a response. The hints on types and fields are the service's;
//! this file decides what becomes of them.

use async_graphql::parser::types::{DocumentOperations, OperationType};
use async_graphql::{Request, Response};
use http::HeaderValue;

/// For everything that does not say otherwise.
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Whether the document is one single query. async-graphql takes the hints of *all* operations of a document together,
/// so that a mutation beside a query would pass for as cacheable as the query.
pub(super) fn is_lone_query(request: &mut Request) -> bool {
    // A document that cannot be read gives an error, and nothing with an error is kept.
    request
        .parsed_query()
        .is_ok_and(|document| match &document.operations {
            DocumentOperations::Single(operation) => operation.node.ty == OperationType::Query,
            DocumentOperations::Multiple(operations) => {
                operations.len() == 1
                    && operations
                        .values()
                        .all(|operation| operation.node.ty == OperationType::Query)
            }
        })
}

/// The response's `Cache-Control`: `no-store`, unless it is the answer to a query, without any error, and the hints
/// give it an age.
pub(super) fn cache_control(lone_query: bool, response: &Response) -> HeaderValue {
    let hints = response.cache_control;
    if !lone_query || !response.errors.is_empty() || hints.max_age <= 0 {
        return NO_STORE;
    }
    let scope = if hints.public { "public" } else { "private" };
    HeaderValue::from_str(&format!("{scope}, max-age={}", hints.max_age))
        .expect("a word and a number make a header value")
}
