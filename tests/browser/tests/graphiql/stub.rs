//! A server with the page in front of a schema as small as the page's first query.

use std::net::{Ipv4Addr, SocketAddr};

use async_graphql::{EmptyMutation, EmptySubscription, ID, Object, Request, Response, Schema, SimpleObject};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

#[path = "../../../../gateway/server/src/graphiql.rs"]
#[expect(unreachable_pub, reason = "public in the crate it belongs to")]
mod graphiql;

/// Serves until the test's runtime ends.
pub(crate) async fn start() -> std::io::Result<SocketAddr> {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let execute =
        async move |Json(request): Json<Request>| -> Json<Response> { Json(schema.execute(request).await) };
    let page = async || graphiql::page();
    let router = Router::new()
        .route("/", get(page))
        .route("/graphql", get(page).post(execute))
        .merge(graphiql::assets());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

struct Query;

#[Object]
impl Query {
    async fn orders(&self, first: i32) -> Orders {
        Orders {
            nodes: (1..=first).map(Order::number).collect(),
        }
    }
}

#[derive(SimpleObject)]
struct Orders {
    nodes: Vec<Order>,
}

#[derive(SimpleObject)]
struct Order {
    id: ID,
    status: &'static str,
    total: Money,
    buyer: User,
    lines: Vec<OrderLine>,
}

impl Order {
    fn number(number: i32) -> Order {
        let total = Money {
            minor: 100 * number,
            currency: "EUR",
        };
        let buyer = User {
            display_name: "Ada Lovelace",
            tier: "GOLD",
        };
        let price = Money {
            minor: 100,
            currency: "EUR",
        };
        let product = Product {
            name: "Teapot",
            price,
            available: 3,
        };
        let lines = vec![OrderLine {
            quantity: number,
            product,
        }];
        Order {
            id: format!("o-{number}").into(),
            status: "PLACED",
            total,
            buyer,
            lines,
        }
    }
}

#[derive(SimpleObject)]
struct Money {
    minor: i32,
    currency: &'static str,
}

#[derive(SimpleObject)]
struct User {
    display_name: &'static str,
    tier: &'static str,
}

#[derive(SimpleObject)]
struct OrderLine {
    quantity: i32,
    product: Product,
}

#[derive(SimpleObject)]
struct Product {
    name: &'static str,
    price: Money,
    available: i32,
}
