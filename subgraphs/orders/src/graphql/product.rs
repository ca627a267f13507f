//! What the orders service adds to a product: how well it sells and what sending it costs.

use async_graphql::{Any, Context, Error, ID, MaybeUndefined, Object, Result, Value};
use kit::{Money, cache_tag, error::graphql};

use super::{
    Loaders, int, or_null,
    representation::{self, Given},
};
use crate::{model, tags, terms::Country};

pub(super) struct Product {
    pub(super) id: ID,
    pub(super) sku: Given,
    pub(super) weight_grams: Given,
}

impl Product {
    /// The product of a line, with the sku that the line keeps.
    pub(super) fn of_line(line: &model::Line) -> Self {
        let sku = match &line.sku {
            Some(sku) => MaybeUndefined::Value(Any(Value::String(sku.clone()))),
            None => MaybeUndefined::Undefined,
        };
        Self {
            id: ID(line.item_id.clone()),
            sku,
            weight_grams: MaybeUndefined::Undefined,
        }
    }

    fn fee(&self, country: &str) -> Result<Money, Error> {
        let country = Country::parse(country).ok_or_else(|| {
            graphql(
                "BAD_USER_INPUT",
                "country must be an ISO 3166-1 alpha-2 code in upper case, such as DE",
            )
        })?;
        let grams = representation::weight_grams(&self.weight_grams, "Product.shippingFee")?;
        Ok(Money(country.zone().fee_minor(grams)))
    }
}

/// An article of the shop.
#[Object(
    cache_control(max_age = 60),
    directive = cache_tag::apply(tags::product("{$key.id}"))
)]
impl Product {
    /// The product's id, for example p-1.
    async fn id(&self) -> &ID {
        &self.id
    }

    /// The stock keeping unit: the product's other key, as printed on labels.
    #[graphql(external)]
    async fn sku(&self) -> Result<String> {
        representation::sku(&self.sku, "Product.sku")
    }

    /// The weight of one item, packaging included.
    #[graphql(external)]
    async fn weight_grams(&self) -> Result<i32> {
        int(
            representation::weight_grams(&self.weight_grams, "Product.weightGrams")?.into(),
            "Product.weightGrams",
        )
    }

    /// Pieces sold on their own (not inside bundles) in orders that were not cancelled.
    async fn units_sold(&self, context: &Context<'_>) -> Option<i32> {
        let loaded = Loaders::of(context).units_sold(&self.id).await;
        let units = loaded
            .map_err(Error::from)
            .and_then(|units| int(units, "Product.unitsSold"));
        or_null(context, units.map(Some))
    }

    /// What sending one piece costs.
    #[graphql(requires = "weightGrams")]
    async fn shipping_fee(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Where to: ISO 3166-1 alpha-2, upper case.")] country: String,
    ) -> Option<Money> {
        or_null(context, self.fee(&country).map(Some))
    }
}
