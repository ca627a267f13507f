//! N+1 avoided: what operations over many entities cost.

use e2e::{Shop, calls};
use serde_json::json;

const RECENT_ORDERS: &str = include_str!("../../../schema/operations/RecentOrders.graphql");

#[tokio::test(flavor = "multi_thread")]
async fn twenty_orders_with_buyers_and_products_cost_three_calls() {
    let shop = Shop::on_sqlite().await;
    let response = shop.client.send(RECENT_ORDERS, json!({})).await;
    assert!(response.get("errors").is_none(), "{response:#}");
    assert_eq!(
        response["data"]["orders"]["nodes"].as_array().map(Vec::len),
        Some(20)
    );
    assert_eq!(
        [
            calls(&response, "orders"),
            calls(&response, "users"),
            calls(&response, "catalog")
        ],
        [1, 1, 1],
        "{:#}",
        response["extensions"]
    );
    let cost = &response["extensions"]["causeway"];
    assert_eq!(cost["calls"], 3);
    assert_eq!(cost["subgraphs"]["users"]["entitiesAsked"], 20);
    let products = cost["subgraphs"]["catalog"]["entitiesAsked"]
        .as_u64()
        .unwrap_or_default();
    assert!(products > 20, "{cost:#}");
    assert_eq!(cost["callsNaive"], 1 + 20 + products);
    shop.running.stop().await.expect("the shop stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn independent_roots_and_their_entities_travel_together() {
    let shop = Shop::on_sqlite().await;
    let storefront = include_str!("../../../schema/operations/Storefront.graphql");
    let response = shop.client.send(storefront, json!({})).await;
    assert!(response.get("errors").is_none(), "{response:#}");
    assert_eq!(
        response["extensions"]["causeway"]["calls"], 3,
        "{:#}",
        response["extensions"]
    );
    let introspection = include_str!("../../../schema/operations/Introspection.graphql");
    let response = shop.client.send(introspection, json!({})).await;
    assert_eq!(response["extensions"]["causeway"]["calls"], 0, "{response:#}");
    shop.running.stop().await.expect("the shop stops");
}
