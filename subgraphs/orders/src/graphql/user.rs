//! What the orders service adds to a user: what they bought and what their tier is worth.

use async_graphql::{Context, Enum, Error, ID, MaybeUndefined, Object, Result, SimpleObject};
use kit::cache_tag;

use super::{
    Loaders,
    connection::{OrderConnection, PageArguments, Total, page_cost},
    or_null,
    representation::{self, Given},
};
use crate::{tags, terms};

/// How much the shop values a user.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "terms::Tier")]
pub(super) enum Tier {
    /// Every new account.
    Standard,
    /// A regular customer.
    Silver,
    /// One of the best customers.
    Gold,
}

/// A user's address.
#[derive(SimpleObject)]
pub(super) struct Address {
    /// The country's ISO 3166-1 alpha-2 code, upper case.
    #[graphql(external)]
    country: String,
}

pub(super) struct User {
    pub(super) id: ID,
    pub(super) tier: Given,
    pub(super) address: Given,
}

impl User {
    /// The user with nothing but their id.
    pub(super) fn reference(id: &str) -> Self {
        Self {
            id: ID(id.to_owned()),
            tier: MaybeUndefined::Undefined,
            address: MaybeUndefined::Undefined,
        }
    }

    async fn orders_page(
        &self,
        context: &Context<'_>,
        arguments: PageArguments,
    ) -> Result<OrderConnection, Error> {
        let page = Loaders::of(context).page(&self.id, &arguments.window()?).await?;
        Ok(OrderConnection::new(&page, Total::OfBuyer(self.id.to_string())))
    }
}

/// Someone with an account in the shop.
#[Object(
    cache_control(max_age = 60),
    directive = cache_tag::apply(tags::user("{$key.id}"))
)]
impl User {
    /// Stays the same for the account's life.
    async fn id(&self) -> &ID {
        &self.id
    }

    /// The loyalty tier.
    #[graphql(external)]
    async fn tier(&self) -> Result<Tier> {
        Ok(representation::tier(&self.tier, "User.tier")?.into())
    }

    /// Where the user lives; null when it was not given.
    #[graphql(external, cache_control(private))]
    async fn address(&self, context: &Context<'_>) -> Option<Address> {
        let country = or_null(context, representation::address_country(&self.address))?;
        Some(Address {
            country: country.as_str().to_owned(),
        })
    }

    /// The discount of their tier in percent.
    #[graphql(requires = "tier")]
    async fn discount_pct(&self, context: &Context<'_>) -> Option<i32> {
        let tier = representation::tier(&self.tier, "User.discountPct");
        or_null(context, tier.map(|tier| Some(tier.discount_percent())))
    }

    /// What they bought, newest first.
    #[graphql(
        complexity = "page_cost(first, last, child_complexity)",
        cache_control(private)
    )]
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
    ) -> Option<OrderConnection> {
        let arguments = PageArguments {
            first,
            after,
            last,
            before,
        };
        or_null(context, self.orders_page(context, arguments).await.map(Some))
    }
}
