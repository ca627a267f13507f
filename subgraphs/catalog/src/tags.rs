//! The cache tags of the catalog, in one place: what fields declare and what changes name must be the same text.

/// Every list of products.
pub(crate) const PRODUCTS: &str = "products";
/// Every list of bundles.
pub(crate) const BUNDLES: &str = "bundles";

/// A bundle, as an entity and found by its id.
pub(crate) fn bundle(id: &str) -> String {
    format!("bundle-{id}")
}

/// What the catalog knows of a user.
pub(crate) fn user(id: &str) -> String {
    format!("user-{id}")
}
