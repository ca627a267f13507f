//! The `Product` type.

use std::sync::Arc;

use async_graphql::{ID, Object, Result};
use kit::Money;

use super::input::Category;
use crate::model::Product;

#[derive(Clone)]
pub(super) struct ProductObject(pub(super) Arc<Product>);

impl From<Product> for ProductObject {
    fn from(product: Product) -> Self {
        ProductObject(Arc::new(product))
    }
}

/// An article of the shop.
#[Object(name = "Product", cache_control(max_age = 60))]
impl ProductObject {
    /// The product's id, for example p-1.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.clone())
    }

    /// The stock keeping unit: the product's other key, as printed on labels.
    #[graphql(shareable)]
    async fn sku(&self) -> &String {
        &self.0.sku
    }

    /// The name for people.
    pub(super) async fn name(&self) -> &String {
        &self.0.name
    }

    /// A sentence or two about the product.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// The department it belongs to.
    async fn category(&self) -> Category {
        self.0.category.into()
    }

    /// The price of one item today.
    pub(super) async fn price(&self) -> Money {
        Money(self.0.price_minor)
    }

    /// The weight of one item, packaging included.
    async fn weight_grams(&self) -> Result<i32> {
        Ok(i32::try_from(self.0.weight_grams)?)
    }

    /// How many items can be ordered now.
    #[graphql(cache_control(max_age = 5))]
    async fn available(&self) -> Result<i32> {
        Ok(i32::try_from(self.0.available)?)
    }

    /// Counts the changes of the product, stock included. For other subgraphs, not for clients.
    #[graphql(inaccessible, cache_control(max_age = 5))]
    async fn version(&self) -> Result<i32> {
        Ok(i32::try_from(self.0.version)?)
    }
}
