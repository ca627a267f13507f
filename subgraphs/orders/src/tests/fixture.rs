//! What the tests stand on: a database, the stand-in for catalog, and the service between them.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, Variables};
use kit::{
    auth::Identity,
    db::DatabaseUrl,
    testing::{TestIssuer, sqlite},
};
use serde_json::Value;
use tempfile::TempDir;

use super::fake_catalog::{FakeCatalog, TOKEN};
use crate::{
    catalog::http::{Endpoint, HttpCatalog},
    error::OrdersError,
    graphql::{self, Loaders, OrdersSchema},
    model::{Order, PlaceRequest, Placement, Reply, WantedLine},
    repository::{Repository, sql::SqlRepository},
    seed,
    service::{Orders, Timing},
};

/// The service in this process: everything real but catalog.
pub(super) struct Bench {
    pub(super) repository: SqlRepository,
    pub(super) catalog: FakeCatalog,
    pub(super) orders: Orders,
    client: Arc<HttpCatalog>,
    schema: OrdersSchema,
    _folder: Option<TempDir>,
}

/// What a test may set.
pub(super) struct Set {
    pub(super) catalog_timeout: Duration,
    pub(super) timing: Timing,
}

impl Default for Set {
    fn default() -> Self {
        // Long enough that a loaded machine never reaches them: tests that want a timeout set their own.
        let timing = Timing {
            reply_wait: Duration::from_secs(60),
            ..Timing::default()
        };
        Self {
            catalog_timeout: Duration::from_secs(30),
            timing,
        }
    }
}

impl Bench {
    /// On a new SQLite database.
    pub(super) async fn new() -> Self {
        Self::with(Set::default()).await
    }

    pub(super) async fn with(set: Set) -> Self {
        let (folder, url) = sqlite();
        Self {
            _folder: Some(folder),
            ..Self::on(&url, set).await
        }
    }

    /// On this database, which must be empty.
    pub(super) async fn on(url: &DatabaseUrl, set: Set) -> Self {
        let catalog = FakeCatalog::start(TestIssuer::new().jwks()).await;
        let endpoint = Endpoint {
            url: reqwest::Url::parse(&catalog.url).unwrap(),
            token: Some(TOKEN.into()),
            timeout: set.catalog_timeout,
        };
        let repository = SqlRepository::connect(url).await.unwrap();
        let client = Arc::new(HttpCatalog::new(endpoint).unwrap());
        let orders = Orders::new(Arc::new(repository.clone()), client.clone(), set.timing);
        let schema = graphql::schema(orders.clone());
        Self {
            repository,
            catalog,
            client,
            orders,
            schema,
            _folder: None,
        }
    }

    /// With the orders of a shop of this many users.
    pub(super) async fn seeded(users: u32) -> Self {
        let bench = Self::new().await;
        bench.repository.seed(&seed::orders(users)).await.unwrap();
        bench
    }

    /// The same service over another repository.
    pub(super) fn orders_over(&self, repository: impl Repository + 'static) -> Orders {
        Orders::new(Arc::new(repository), self.client.clone(), Timing::default())
    }

    /// Runs a GraphQL request as the HTTP endpoint would; nobody is signed in.
    pub(super) async fn query(&self, text: &str, variables: Value) -> Value {
        let request = Request::new(text)
            .variables(Variables::from_json(variables))
            .data(Loaders::new(&self.orders))
            .data(None::<Identity>);
        serde_json::to_value(self.schema.execute(request).await).unwrap()
    }

    /// [`Bench::query`] with the number of statements that it took.
    pub(super) async fn counted(&self, text: &str, variables: Value) -> (Value, u64) {
        let before = self.repository.database().statements();
        let answer = self.query(text, variables).await;
        (answer, self.repository.database().statements() - before)
    }

    /// Places an order and gives it.
    pub(super) async fn placed(&self, buyer: &str, request: PlaceRequest) -> Order {
        let placement = self.orders.place(buyer, request).await.unwrap();
        self.orders.order(order_id(&placement)).await.unwrap()
    }

    pub(super) async fn visible_orders(&self) -> i64 {
        self.orders.count(None).await.unwrap()
    }
}

/// Two kettles: 20.00.
pub(super) fn kettles(key: &str) -> PlaceRequest {
    request(key, &[("p-1", 2)], 2000)
}

pub(super) fn request(key: &str, lines: &[(&str, i64)], expected_total_minor: i64) -> PlaceRequest {
    let wanted = |(id, quantity): &(&str, i64)| WantedLine {
        item_id: (*id).into(),
        quantity: *quantity,
    };
    PlaceRequest {
        idempotency_key: key.into(),
        lines: lines.iter().map(wanted).collect(),
        expected_total_minor,
    }
}

pub(super) fn order_id(placement: &Placement) -> &str {
    match placement {
        Placement::Replied(Reply::Placed { order_id }) => order_id,
        other => panic!("no order was placed: {other:?}"),
    }
}

pub(super) fn code(outcome: Result<impl std::fmt::Debug, OrdersError>) -> &'static str {
    kit::error::ErrorCode::code(&outcome.expect_err("this call should fail"))
}
