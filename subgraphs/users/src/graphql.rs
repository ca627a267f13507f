//! The service's subgraph: types, the schema and its routes. No rule of accounts, no SQL.

mod loaders;
mod mutation;
mod query;
mod types;

use std::sync::Arc;

use async_graphql::{EmptySubscription, Schema, SchemaBuilder};
use axum::{Json, Router, routing::get};
use http::header;
use kit::ServiceHealth;
use kit::auth::{Signer, Verifier};

use crate::repository::SqlUsers;
use crate::service::{Passwords, Users};
use loaders::Loaders;
use mutation::Mutation;
use query::Query;

type Service = Users<SqlUsers>;

/// Deeper than any honest query of this graph, introspection included.
const MAX_DEPTH: usize = 20;
/// One for each field; signing in or up costs [`mutation::HASHING_COMPLEXITY`].
const MAX_COMPLEXITY: usize = 1000;
/// How long others may keep the public key. A new key is found sooner, by its unknown `kid`.
const JWKS_CACHE_CONTROL: &str = "public, max-age=300";

/// The federation SDL, the same bytes for the same build.
pub fn sdl() -> String {
    kit::federation_sdl(&builder().finish())
}

/// `POST /graphql`, `GET /health/*` and `GET /.well-known/jwks.json`.
pub(crate) fn router(
    repository: SqlUsers,
    passwords: Passwords,
    signer: Signer,
    health: ServiceHealth,
) -> Router {
    let keys = signer.jwks();
    let service = Arc::new(Users::new(repository, passwords, signer));
    let schema = builder().data(Arc::clone(&service)).finish();
    let per_request = move |request: async_graphql::Request| request.data(Loaders::new(&service));
    kit::graphql_router(schema, health, Some(Verifier::from_jwks(&keys)), per_request).route(
        "/.well-known/jwks.json",
        get(move || async move { ([(header::CACHE_CONTROL, JWKS_CACHE_CONTROL)], Json(keys)) }),
    )
}

fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query, Mutation, EmptySubscription)
        .enable_federation()
        .limit_depth(MAX_DEPTH)
        .limit_complexity(MAX_COMPLEXITY)
}
