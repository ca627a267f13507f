//! The `Listing` interface: what products and bundles have in common.

use async_graphql::{ID, Interface};
use kit::Money;

use super::bundle::BundleObject;
use super::product::ProductObject;
use crate::model::Found;

/// Anything the shop sells.
#[derive(Interface)]
#[graphql(
    field(name = "id", ty = "ID", desc = "The id of the product or bundle."),
    field(name = "name", ty = "&String", desc = "The name for people."),
    field(name = "price", ty = "Money", desc = "What one of it costs today.")
)]
pub(super) enum Listing {
    Product(ProductObject),
    Bundle(BundleObject),
}

impl From<Found> for Listing {
    fn from(found: Found) -> Self {
        match found {
            Found::Product(product) => Listing::Product(product.into()),
            Found::Bundle(bundle) => Listing::Bundle(bundle.into()),
        }
    }
}
