//! The `Bundle` type.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use kit::error::from_coded;
use kit::{Money, cache_tag};

use super::loaders::Loaders;
use super::product::ProductObject;
use crate::model::Bundle;
use crate::tags;

#[derive(Clone)]
pub(super) struct BundleObject(pub(super) Arc<Bundle>);

impl From<Bundle> for BundleObject {
    fn from(bundle: Bundle) -> Self {
        BundleObject(Arc::new(bundle))
    }
}

/// Several products sold together, for less than they cost alone.
#[Object(
    name = "Bundle",
    cache_control(max_age = 60),
    directive = cache_tag::apply(tags::bundle("{$key.id}"))
)]
impl BundleObject {
    /// The bundle's id, for example b-1.
    pub(super) async fn id(&self) -> ID {
        ID(self.0.id.clone())
    }

    /// The name for people.
    pub(super) async fn name(&self) -> &String {
        &self.0.name
    }

    /// The price of the whole bundle today.
    pub(super) async fn price(&self) -> Money {
        Money(self.0.price_minor)
    }

    /// One item of each of these products is in the bundle.
    async fn items(&self, ctx: &Context<'_>) -> Result<Vec<ProductObject>> {
        let items = ctx
            .data::<Loaders>()?
            .bundle_items
            .load(self.0.id.clone())
            .await
            .map_err(from_coded)?;
        Ok(items.unwrap_or_default().into_iter().map(ProductObject).collect())
    }
}
