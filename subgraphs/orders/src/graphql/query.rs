//! The root query fields, and the entities that a gateway may ask for by key.

use async_graphql::{Context, ID, Object, Result};
use kit::cache_tag;

use super::{
    Loaders,
    connection::{OrderConnection, PageArguments, Total, page_cost},
    or_null,
    order::{Order, OrderStatus},
    product::Product,
    refusal,
    representation::Given,
    user::User,
};
use crate::{model::Status, service::Orders, tags};

pub(crate) struct Query;

/// Everything that can be asked.
#[Object]
impl Query {
    /// One order, or null when there is none with this id.
    #[graphql(
        cache_control(max_age = 60, private),
        directive = cache_tag::apply(tags::order("{$args.id}"))
    )]
    async fn order(&self, context: &Context<'_>, id: ID) -> Option<Order> {
        load_order(context, &id).await
    }

    /// All orders, newest first. Anybody may read them: this is a demo shop, and its data are generated.
    #[graphql(
        complexity = "page_cost(first, last, child_complexity)",
        cache_control(max_age = 60, private),
        directive = cache_tag::apply(tags::ORDERS.to_owned())
    )]
    #[allow(clippy::too_many_arguments, reason = "the GraphQL field has that many")]
    async fn orders(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "The page size, counted from the newest: 1 to 100, 20 when neither it nor `last` is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only orders older than this cursor's.")] after: Option<String>,
        #[graphql(desc = "The page size, counted from the oldest: 1 to 100, not together with `first`.")]
        last: Option<i32>,
        #[graphql(desc = "Only orders newer than this cursor's.")] before: Option<String>,
        #[graphql(desc = "Only orders in this state.")] status: Option<OrderStatus>,
    ) -> Option<OrderConnection> {
        let arguments = PageArguments {
            first,
            after,
            last,
            before,
        };
        let page = all_orders(context, arguments, status.map(Into::into)).await;
        or_null(context, page.map(Some))
    }

    #[graphql(entity)]
    async fn find_order(&self, context: &Context<'_>, #[graphql(key)] id: ID, buyer: Given) -> Option<Order> {
        load_order(context, &id)
            .await
            .map(|order| order.with_buyer(buyer))
    }

    /// Catalog owns the products; any id is a product here.
    #[graphql(entity)]
    async fn find_product(&self, #[graphql(key)] id: ID, sku: Given, weight_grams: Given) -> Option<Product> {
        Some(Product {
            id,
            sku,
            weight_grams,
        })
    }

    /// Users owns the accounts; any id is a user here.
    #[graphql(entity)]
    async fn find_user(&self, #[graphql(key)] id: ID, tier: Given, address: Given) -> Option<User> {
        Some(User { id, tier, address })
    }
}

async fn all_orders(
    context: &Context<'_>,
    arguments: PageArguments,
    status: Option<Status>,
) -> Result<OrderConnection> {
    let window = arguments.window()?;
    let orders = context.data_unchecked::<Orders>();
    let page = orders.page(status, &window).await.map_err(refusal)?;
    Ok(OrderConnection::new(&page, Total::InStatus(status)))
}

async fn load_order(context: &Context<'_>, id: &str) -> Option<Order> {
    let loaded = Loaders::of(context).order(id).await;
    or_null(context, loaded.map_err(Into::into)).map(|order| Order::new((*order).clone()))
}
