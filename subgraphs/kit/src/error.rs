//! Errors as GraphQL clients see them: a message for people and a stable `extensions.code`. Causes are logged, never sent.
//!
//! async-graphql 7.1 and 7.2 leave a field out of its object when its resolver answers `Err`. A nullable field that
//! can fail therefore returns `Option<async_graphql::Result<T>>`, with `Some(Err(…))` for the failure: that gives the
//! null and the error at the field's path that GraphQL asks for.

use std::fmt::Display;

use async_graphql::ErrorExtensions;

/// An error with a stable code. Implement it on a service's error type, and turn it into a GraphQL error with
/// `.map_err(kit::error::from_coded)`: `?` alone would lose the code.
pub trait ErrorCode: Display {
    /// UPPER_SNAKE_CASE; never changes once released.
    fn code(&self) -> &'static str;

    /// The input field at fault, as `extensions.field`.
    fn field(&self) -> Option<&str> {
        None
    }
}

/// A GraphQL error with `extensions.code`.
pub fn graphql(code: &'static str, message: impl Into<String>) -> async_graphql::Error {
    async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

/// A typed error as a GraphQL error with `extensions.code` and, where it has one, `extensions.field`.
pub fn from_coded(error: impl ErrorCode) -> async_graphql::Error {
    let coded = graphql(error.code(), error.to_string());
    match error.field() {
        Some(field) => coded.extend_with(|_, extensions| extensions.set("field", field)),
        None => coded,
    }
}

/// A failure the client cannot mend (a lost database): logged with its cause, answered without it as
/// INTERNAL_SERVER_ERROR.
pub fn internal(cause: impl Display) -> async_graphql::Error {
    tracing::error!(error = %cause, "a request failed inside the service");
    graphql("INTERNAL_SERVER_ERROR", "the service failed to answer; try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("too long")]
    struct TooLong;

    impl ErrorCode for TooLong {
        fn code(&self) -> &'static str {
            "BAD_USER_INPUT"
        }

        fn field(&self) -> Option<&str> {
            Some("name")
        }
    }

    #[test]
    fn code_and_field_reach_the_extensions() {
        let error = from_coded(TooLong).into_server_error(async_graphql::Pos::default());
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(json["message"], "too long");
        assert_eq!(
            json["extensions"],
            serde_json::json!({"code": "BAD_USER_INPUT", "field": "name"})
        );
    }

    #[test]
    fn an_internal_error_does_not_tell_its_cause() {
        let error = internal("password authentication failed for user \"shop\"");
        assert!(!error.message.contains("shop"), "{}", error.message);
    }
}
