//! The cache tags of the service, in one place: what fields declare and what changes name must be the same text.

/// A user, found by id.
pub(crate) fn user(id: &str) -> String {
    format!("user-{id}")
}

/// A user, found by handle.
pub(crate) fn handle(handle: &str) -> String {
    format!("handle-{handle}")
}
