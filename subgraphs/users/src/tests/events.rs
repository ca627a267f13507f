//! The way of an event, from a mutation to whoever listens.

use kit::testing::EventSink;
use serde_json::json;

use super::Service;
use crate::Options;

#[tokio::test]
async fn who_listens_is_told_of_a_new_user() {
    let (_folder, database) = kit::testing::sqlite();
    let mut sink = EventSink::start().await;
    let service = Service::start_on(Options {
        database,
        seed_size: 1,
        signing_key: None,
        events: Some(sink.target()),
    })
    .await;
    assert_eq!(sink.next().await, json!({"subgraph": "users"}), "the seed");
    let query = "mutation ($input: SignUpInput!) { signUp(input: $input) { user { id } } }";
    let input = json!({"handle": "grace", "displayName": "Grace", "email": "g@example.com", "password": "long enough"});
    let data = service.data(None, query, json!({ "input": input })).await;
    let id = &data["signUp"]["user"]["id"];
    assert_eq!(
        sink.next().await,
        json!({"subgraph": "users", "type": "User", "key": {"id": id}})
    );
    let tag = format!("user-{}", id.as_str().unwrap());
    for tag in [tag.as_str(), "handle-grace"] {
        assert_eq!(sink.next().await, json!({"subgraph": "users", "tag": tag}));
    }
    service.stop().await;
}
