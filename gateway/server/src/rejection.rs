//! Why a request is refused: the one place that maps errors to HTTP.

use apollo_compiler::response::GraphQLError;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use causeway_planner::PlanError;
use serde_json::json;

use crate::{limits::TooComplex, media::ResponseType};

/// A request that was not executed. Nothing was sent to any subgraph.
#[derive(Debug, Clone)]
pub(crate) enum Rejection {
    /// Neither of the response forms is acceptable to the client.
    NotAcceptable,
    UnsupportedMediaType,
    BodyTooLarge,
    BodyTooSlow,
    /// The body or query string is no GraphQL request.
    InvalidRequest(String),
    TooComplex(TooComplex),
    Parse(Vec<GraphQLError>),
    Validation(Vec<GraphQLError>),
    /// No operation of that name, or several and no name.
    Operation(Box<GraphQLError>),
    Variables(Box<GraphQLError>),
    MutationOverGet,
    SubscriptionsUnsupported,
    Plan(PlanError),
    Internal(String),
}

impl Rejection {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAcceptable => "NOT_ACCEPTABLE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::BodyTooLarge => "REQUEST_TOO_LARGE",
            Self::BodyTooSlow => "REQUEST_TIMEOUT",
            Self::InvalidRequest(_) => "INVALID_GRAPHQL_REQUEST",
            Self::TooComplex(_) => "OPERATION_TOO_COMPLEX",
            Self::Parse(_) => "GRAPHQL_PARSE_FAILED",
            Self::Validation(_) => "GRAPHQL_VALIDATION_FAILED",
            Self::Operation(_) => "OPERATION_RESOLUTION_FAILURE",
            Self::Variables(_) => "BAD_USER_INPUT",
            Self::MutationOverGet => "MUTATION_OVER_GET",
            Self::SubscriptionsUnsupported => "SUBSCRIPTIONS_UNSUPPORTED",
            Self::Plan(error) => error.code(),
            Self::Internal(_) => "INTERNAL_SERVER_ERROR",
        }
    }

    /// Whether the request could have been executed by a gateway and a supergraph without faults.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Internal(_)
                | Self::Plan(PlanError::Unsatisfiable { .. } | PlanError::InterfaceObject { .. })
        )
    }

    /// With `application/json` a well-formed request is answered with 200, whatever became of it.
    fn status(&self, form: ResponseType) -> StatusCode {
        match self {
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::MutationOverGet => StatusCode::METHOD_NOT_ALLOWED,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ if form == ResponseType::Json => StatusCode::OK,
            // The supergraph does not hold what it promises.
            _ if self.is_ours() => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Plan(_)
            | Self::TooComplex(_)
            | Self::Parse(_)
            | Self::Validation(_)
            | Self::Operation(_)
            | Self::Variables(_)
            | Self::SubscriptionsUnsupported => StatusCode::BAD_REQUEST,
        }
    }

    fn errors(&self) -> Vec<serde_json::Value> {
        match self {
            Self::Parse(errors) | Self::Validation(errors) => {
                errors.iter().map(|error| self.with_code(error)).collect()
            }
            Self::Operation(error) | Self::Variables(error) => vec![self.with_code(error)],
            _ => vec![json!({ "message": self.message(), "extensions": { "code": self.code() } })],
        }
    }

    fn with_code(&self, error: &GraphQLError) -> serde_json::Value {
        let mut value = json!({ "message": error.message });
        if !error.locations.is_empty() {
            value["locations"] = error
                .locations
                .iter()
                .map(|location| json!({ "line": location.line, "column": location.column }))
                .collect();
        }
        value["extensions"] = json!({ "code": self.code() });
        value
    }

    fn message(&self) -> String {
        match self {
            Self::NotAcceptable => "the gateway answers application/graphql-response+json or application/json; \
                                    the Accept header allows neither"
                .to_owned(),
            Self::UnsupportedMediaType => {
                "a POST body must be JSON: send it with `Content-Type: application/json`".to_owned()
            }
            Self::BodyTooSlow => "the request body did not arrive in time".to_owned(),
            Self::BodyTooLarge => {
                "the request body is too large; the limit is `limits.request_body` in the gateway's configuration".to_owned()
            }
            Self::InvalidRequest(reason) => reason.clone(),
            Self::MutationOverGet => "mutations are accepted over POST only".to_owned(),
            Self::SubscriptionsUnsupported => "this gateway does not serve subscriptions yet".to_owned(),
            Self::TooComplex(error) => error.to_string(),
            Self::Plan(error) => error.to_string(),
            Self::Internal(reason) => reason.clone(),
            Self::Parse(_) | Self::Validation(_) | Self::Operation(_) | Self::Variables(_) => String::new(),
        }
    }

    /// All errors in one line, for the log.
    pub(crate) fn told(&self) -> String {
        let errors = self.errors();
        let messages = errors.iter().filter_map(|error| error["message"].as_str());
        messages.collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn into_response(self, form: ResponseType) -> Response {
        let status = self.status(form);
        if status.is_server_error() {
            tracing::error!(code = self.code(), "{}", self.message());
        }
        let body = json!({ "errors": self.errors() }).to_string();
        let mut response = (status, [(header::CONTENT_TYPE, form.content_type())], body).into_response();
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response
                .headers_mut()
                .insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}
