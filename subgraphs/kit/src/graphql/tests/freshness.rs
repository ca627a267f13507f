//! The `Cache-Control` of answers, and the SDL that goes with it.

use async_graphql::{ID, SimpleObject};
use tower::ServiceExt;

use super::*;

struct Root;

#[derive(SimpleObject)]
#[graphql(cache_control(max_age = 60), directive = crate::cache_tag::apply("thing-{$key.id}".to_owned()))]
struct Thing {
    id: ID,
    #[graphql(cache_control(max_age = 5))]
    hot: i32,
    #[graphql(cache_control(private))]
    own: i32,
    #[graphql(cache_control(no_cache))]
    never: i32,
}

impl Thing {
    fn new(id: ID) -> Self {
        Self {
            id,
            hot: 1,
            own: 2,
            never: 3,
        }
    }
}

#[Object]
impl Root {
    #[graphql(cache_control(max_age = 30))]
    async fn thing(&self) -> Thing {
        Thing::new(ID("t".to_owned()))
    }

    async fn without_a_hint(&self) -> i32 {
        0
    }

    #[graphql(cache_control(max_age = 30))]
    async fn fails(&self) -> Option<async_graphql::Result<i32>> {
        Some(Err("no".into()))
    }

    #[graphql(entity)]
    async fn find_thing(&self, id: ID) -> Option<Thing> {
        Some(Thing::new(id))
    }
}

struct Change;

#[Object]
impl Change {
    #[graphql(cache_control(max_age = 30))]
    async fn thing(&self) -> Thing {
        Thing::new(ID("t".to_owned()))
    }
}

async fn post(body: Value) -> axum::response::Response {
    let empty = Migrations {
        sqlite: sqlx::migrate::Migrator::DEFAULT,
        postgres: sqlx::migrate::Migrator::DEFAULT,
    };
    let database = Database::connect(&"sqlite::memory:".parse().unwrap(), empty)
        .await
        .unwrap();
    let schema = Schema::build(Root, Change, EmptySubscription)
        .enable_federation()
        .finish();
    let verifier = Some(TestIssuer::new().verifier());
    let router = graphql_router(schema, ServiceHealth::new(database), verifier, |request| request);
    let request = http::Request::post("/graphql")
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    router.oneshot(request).await.unwrap()
}

async fn cache_control_of(body: Value) -> String {
    let answer = post(body).await;
    assert_eq!(answer.headers().get_all("cache-control").iter().count(), 1);
    answer.headers()["cache-control"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_answer_lives_as_long_as_its_shortest_part() {
    for (query, expected) in [
        ("{ thing { id } }", "public, max-age=30"),
        ("{ thing { id hot } }", "public, max-age=5"),
        ("{ thing { hot own } }", "private, max-age=5"),
        ("{ thing { id never } }", "no-store"),
        (
            "{ a: thing { id } b: thing { ...own } } fragment own on Thing { own }",
            "private, max-age=30",
        ),
        ("{ withoutAHint }", "no-store"),
        ("{ __typename }", "no-store"),
        ("{ _service { sdl } }", "no-store"),
        ("{ thing { id } fails }", "no-store"),
        ("{ thing { nothing } }", "no-store"),
        ("{ thing {", "no-store"),
        ("mutation { thing { id } }", "no-store"),
    ] {
        assert_eq!(
            cache_control_of(json!({ "query": query })).await,
            expected,
            "{query}"
        );
    }
    assert_eq!(cache_control_of(json!(["no request"])).await, "no-store");
}

#[tokio::test]
async fn hints_of_operations_that_do_not_run_count_for_nothing() {
    let query = "query Read { thing { id } } mutation Write { thing { id } } query Plain { withoutAHint }";
    for name in ["Read", "Write", "Plain"] {
        let body = json!({"query": query, "operationName": name});
        assert_eq!(cache_control_of(body).await, "no-store", "{name}");
    }
    let body = json!({"query": "query Read { thing { id } }", "operationName": "Read"});
    assert_eq!(cache_control_of(body).await, "public, max-age=30");
}

#[tokio::test]
async fn entities_have_the_hints_of_their_type() {
    let ask = |selection: &str, ids: Value| {
        let query = format!("query ($r: [_Any!]!) {{ _entities(representations: $r) {{ {selection} }} }}");
        cache_control_of(json!({"query": query, "variables": {"r": ids}}))
    };
    let one = || json!([{"__typename": "Thing", "id": "1"}]);
    assert_eq!(ask("... on Thing { id }", one()).await, "public, max-age=60");
    assert_eq!(ask("... on Thing { hot own }", one()).await, "private, max-age=5");
    assert_eq!(ask("__typename", one()).await, "no-store");
    // An entity that could not be read leaves an error behind.
    let unreadable = json!([{"__typename": "Thing", "id": "1"}, {"__typename": "Thing"}]);
    assert_eq!(ask("... on Thing { id }", unreadable).await, "no-store");
}

#[tokio::test]
async fn the_service_field_shows_cache_tags_as_federation_links_them() {
    let query = "{ _service { sdl } other: _service { text: sdl __typename } }";
    let answer = post(json!({ "query": query })).await;
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX)
        .await
        .unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    let sdl = answer["data"]["_service"]["sdl"].as_str().unwrap();
    let thing = "type Thing @cacheTag(format: \"thing-{$key.id}\") @key(fields: \"id\")";
    for present in [thing, "federation/v2.12\"", "\"@cacheTag\""] {
        assert!(sdl.contains(present), "{present} in {sdl}");
    }
    assert!(!sdl.contains("directive @cacheTag"), "{sdl}");
    assert_eq!(
        answer["data"]["other"],
        json!({"text": sdl, "__typename": "_Service"})
    );
    let schema = Schema::build(Root, Change, EmptySubscription)
        .enable_federation()
        .finish();
    assert_eq!(crate::federation_sdl(&schema), sdl);
}

#[test]
fn a_schema_without_cache_tags_is_shown_as_it_is() {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
        .enable_federation()
        .finish();
    assert!(crate::federation_sdl(&schema).contains("federation/v2.5\""));
}
