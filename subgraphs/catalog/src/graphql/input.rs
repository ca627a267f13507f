//! Enums and inputs of the schema, and their way into the model.

use async_graphql::{Enum, InputObject};

use crate::model;

/// The departments of the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "model::Category")]
pub(super) enum Category {
    /// Novels, guides and manuals.
    Books,
    /// Pots, knives and everything else for cooking.
    Kitchen,
    /// For hiking, climbing and camping.
    Outdoor,
    /// Devices and what they are plugged into.
    Electronics,
    /// For children, and for playing in general.
    Toys,
    /// Tools, pots and seeds.
    Garden,
    /// For living rooms, bedrooms and bathrooms.
    Home,
    /// For training and matches.
    Sport,
}

/// The orders that products can be listed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "model::ProductOrder")]
pub(super) enum ProductOrder {
    /// A to Z, letter case ignored.
    Name,
    /// Cheapest first.
    Price,
    /// Newest first.
    Newest,
}

/// Which products to list. Parts that are not given let every product through.
#[derive(Debug, Default, InputObject)]
pub(super) struct ProductFilter {
    /// Only this department.
    category: Option<Category>,
    /// Only products that cost at least this much, in minor units; not negative.
    min_price_minor: Option<i32>,
    /// Only products that cost at most this much, in minor units; not negative.
    max_price_minor: Option<i32>,
    /// Only products with this text in their name, 1 to 200 characters; letter case does not matter.
    name_contains: Option<String>,
    /// True: only products that can be ordered now. False: only those that are sold out.
    in_stock: Option<bool>,
}

impl From<ProductFilter> for model::ProductFilter {
    fn from(filter: ProductFilter) -> Self {
        model::ProductFilter {
            category: filter.category.map(Into::into),
            min_price_minor: filter.min_price_minor.map(i64::from),
            max_price_minor: filter.max_price_minor.map(i64::from),
            name_contains: filter.name_contains,
            in_stock: filter.in_stock,
        }
    }
}
