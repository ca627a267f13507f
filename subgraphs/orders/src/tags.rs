//! The cache tags of the service, in one place: what fields declare and what changes name must be the same text.

/// Every list of all orders.
pub(crate) const ORDERS: &str = "orders";

/// An order, as an entity and found by its id.
pub(crate) fn order(id: &str) -> String {
    format!("order-{id}")
}

/// What orders knows of a product.
pub(crate) fn product(id: &str) -> String {
    format!("product-{id}")
}

/// What orders knows of a user.
pub(crate) fn user(id: &str) -> String {
    format!("user-{id}")
}
