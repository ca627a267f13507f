//! The GraphQL face of the orders service: types, resolvers, the schema and its SDL.
//!
//! It turns arguments into calls of the service and results into types. No rules of the shop, no SQL.
//!
//! async-graphql 7.2 leaves a failed field out of the response instead of writing null, so resolvers of nullable
//! fields never give `Err`: they go through [`or_null`].

use async_graphql::{Context, EmptySubscription, Error, Schema};
use kit::error::{from_coded, graphql, internal};

use crate::{error::OrdersError, service::Orders};

mod connection;
mod loaders;
mod mutation;
mod order;
mod placement;
mod product;
mod query;
mod representation;
mod user;

pub(crate) use loaders::Loaders;
pub(crate) use mutation::Mutation;
pub(crate) use query::Query;

pub(crate) type OrdersSchema = Schema<Query, Mutation, EmptySubscription>;

/// Fields that a query may select at most, those of a page counted once for each order it can hold. Orders lead to
/// buyers and these to orders, so without it a short query could ask for any number.
const MAX_COST: usize = 100_000;

/// The executable schema. Each request needs its own [`Loaders`] in its data.
pub(crate) fn schema(orders: Orders) -> OrdersSchema {
    Schema::build(Query, Mutation, EmptySubscription)
        .enable_federation()
        .limit_complexity(MAX_COST)
        .data(orders)
        .finish()
}

/// The same text as `_service { sdl }` answers.
pub(crate) fn sdl() -> String {
    let schema = Schema::build(Query, Mutation, EmptySubscription)
        .enable_federation()
        .finish();
    kit::federation_sdl(&schema)
}

/// Null and one error at the field's own path, instead of a failed field.
fn or_null<T>(context: &Context<'_>, outcome: Result<Option<T>, Error>) -> Option<T> {
    outcome.unwrap_or_else(|error| {
        context.add_error(context.set_error_path(error.into_server_error(context.item.pos)));
        None
    })
}

/// A failure of the service as clients see it. What they cannot mend is logged and told without its cause.
fn refusal(error: OrdersError) -> Error {
    match error {
        OrdersError::Repository(cause) => internal(format!("{cause:?}")),
        OrdersError::Internal(cause) => internal(cause),
        error => from_coded(error),
    }
}

/// A whole number as a GraphQL `Int`.
fn int(value: i64, what: &str) -> Result<i32, Error> {
    i32::try_from(value).map_err(|_| {
        graphql(
            "INT_OUT_OF_RANGE",
            format!("{what} is {value}, more than an Int can carry"),
        )
    })
}
