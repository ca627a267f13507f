//! Money as the graph shows it: minor units of one currency. No arithmetic beyond what callers do on the integer.

use async_graphql::Object;

/// The shop's only currency, ISO 4217.
const CURRENCY: &str = "EUR";

/// An amount in minor units (cents). Held in 64 bits; GraphQL's Int has 32, so `minor` is checked on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(pub i64);

/// An amount of money.
#[Object(shareable)]
impl Money {
    /// The amount in minor units: cents for EUR. An amount beyond 32 bits is the error MONEY_OUT_OF_RANGE.
    async fn minor(&self) -> async_graphql::Result<i32> {
        i32::try_from(self.0).map_err(|_| {
            crate::error::graphql(
                "MONEY_OUT_OF_RANGE",
                "the amount does not fit into a 32 bit GraphQL Int",
            )
        })
    }

    /// The ISO 4217 code of the currency; always EUR in this shop.
    async fn currency(&self) -> &str {
        CURRENCY
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};

    use super::Money;

    struct Query;

    #[Object]
    impl Query {
        async fn price(&self, minor: String) -> Option<Money> {
            minor.parse().ok().map(Money)
        }
    }

    async fn ask(minor: i64) -> serde_json::Value {
        let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
        let answer = schema
            .execute(format!("{{ price(minor: \"{minor}\") {{ minor currency }} }}"))
            .await;
        serde_json::to_value(answer).unwrap()
    }

    #[tokio::test]
    async fn an_amount_within_32_bits_is_shown_and_one_beyond_is_an_error() {
        for minor in [0, -5, i64::from(i32::MAX), i64::from(i32::MIN)] {
            assert_eq!(
                ask(minor).await["data"]["price"],
                serde_json::json!({"minor": minor, "currency": "EUR"})
            );
        }
        for minor in [i64::from(i32::MAX) + 1, i64::from(i32::MIN) - 1] {
            let answer = ask(minor).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "MONEY_OUT_OF_RANGE");
            assert!(answer["data"]["price"]["minor"].is_null(), "{answer}");
        }
    }
}
