//! The way of an event, from a mutation to whoever listens.

use kit::testing::EventSink;

use super::*;

#[tokio::test]
async fn who_listens_is_told_of_an_order_and_of_its_end() {
    let mut sink = EventSink::start().await;
    let server = Server::start_telling(2, Some(sink.target())).await;
    assert_eq!(sink.next().await, json!({"subgraph": "orders"}), "the seed");
    let answer = server.place("u-1", "k", 2, 2000).await;
    let id = answer["data"]["placeOrder"]["order"]["id"].as_str().unwrap();
    let entity = |ty: &str, id: &str| json!({"subgraph": "orders", "type": ty, "key": {"id": id}});
    let tag = |tag: &str| json!({"subgraph": "orders", "tag": tag});
    let expected = [
        entity("Order", id),
        tag(&format!("order-{id}")),
        tag("orders"),
        entity("User", "u-1"),
        entity("Product", "p-1"),
    ];
    for event in &expected {
        assert_eq!(sink.next().await, *event);
    }
    server.buyer("u-1", CANCEL, json!({"id": id, "version": 1})).await;
    for event in &expected {
        assert_eq!(sink.next().await, *event);
    }
    server.shutdown.trigger();
    server.running.wait().await.unwrap();
}
