//! The cause of an HTTP error.

use std::error::Error;

/// The innermost cause says most: "connection refused" rather than "error sending request".
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
