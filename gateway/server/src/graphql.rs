//! POST and GET /graphql.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use apollo_compiler::{
    introspection, request::coerce_variable_values, response::JsonMap, response::JsonValue, validation::Valid,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request as HttpRequest, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use causeway_executor::{Outcome, RESPONSE_LIMIT, Request, execute};
use causeway_model::LabelSet;
use futures::FutureExt;

use crate::{
    Gateway, Graph, explain,
    freshness::{self, Keeping},
    media::{self, ResponseType},
    prepare::{ParsedOperation, PreparedOperation},
    rejection::Rejection,
    request::{self, GraphqlRequest},
    sharing::Question,
};

/// For the whole of a request's body; also what a half-sent request can hold up a stop for.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn post(State(gateway): State<Gateway>, http: HttpRequest) -> Response {
    let headers = http.headers().clone();
    let Some(form) = media::response_type(&headers) else {
        return refuse(&gateway, Rejection::NotAcceptable, ResponseType::Json);
    };
    if !media::is_json(&headers) {
        return refuse(&gateway, Rejection::UnsupportedMediaType, form);
    }
    let parsed = match tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(http, &())).await {
        Err(_) => Err(Rejection::BodyTooSlow),
        Ok(Ok(body)) => request::from_body(&body),
        Ok(Err(BytesRejection::FailedToBufferBody(error)))
            if error.status() == StatusCode::PAYLOAD_TOO_LARGE =>
        {
            Err(Rejection::BodyTooLarge)
        }
        Ok(Err(error)) => Err(Rejection::InvalidRequest(error.to_string())),
    };
    answer(&gateway, headers, form, parsed, Method::Post).await
}

pub(crate) async fn get(State(gateway): State<Gateway>, http: HttpRequest) -> Response {
    let headers = http.headers().clone();
    let Some(form) = media::response_type(&headers) else {
        return refuse(&gateway, Rejection::NotAcceptable, ResponseType::Json);
    };
    let parsed = request::from_uri(http.uri());
    let mut response = answer(&gateway, headers, form, parsed, Method::Get).await;
    // The same address may answer with GraphiQL's page.
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("accept"));
    response
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Post,
}

async fn answer(
    gateway: &Gateway,
    headers: HeaderMap,
    form: ResponseType,
    parsed: Result<GraphqlRequest, Rejection>,
    method: Method,
) -> Response {
    let executed = match parsed {
        // A bug in the executor costs the request that meets it, and no other: nothing is shared that it could leave
        // half done. The panic itself is logged where it happens.
        Ok(request) => AssertUnwindSafe(run(gateway, headers, request, method))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(failed())),
        Err(rejection) => Err(rejection),
    };
    match executed {
        Ok(Executed {
            body,
            has_errors,
            keeping,
        }) => {
            gateway.counters.executed(has_errors);
            let mut response = ([(header::CONTENT_TYPE, form.content_type())], body).into_response();
            response.headers_mut().extend(keeping);
            response
        }
        Err(rejection) => refuse(gateway, rejection, form),
    }
}

fn refuse(gateway: &Gateway, rejection: Rejection, form: ResponseType) -> Response {
    gateway.counters.rejected(&rejection);
    rejection.into_response(form)
}

/// A response; clones share its bytes.
#[derive(Clone)]
pub(crate) struct Executed {
    body: Bytes,
    has_errors: bool,
    /// What it says to caches.
    keeping: HeaderMap,
}

async fn run(
    gateway: &Gateway,
    headers: HeaderMap,
    request: GraphqlRequest,
    method: Method,
) -> Result<Executed, Rejection> {
    let graph = gateway.current();
    let text = request
        .query
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| {
            Rejection::InvalidRequest(
                "the request has no `query`: the operation's text goes there".to_owned(),
            )
        })?;
    let operation_name = request.operation_name.filter(|name| !name.is_empty());
    let decide = |touched: &LabelSet| graph.overrides.decide(touched, &headers);
    let prepared = graph.preparer.prepare(text, operation_name, decide).await?;
    let is_mutation = prepared.parsed.operation.is_mutation();
    if method == Method::Get && is_mutation {
        return Err(Rejection::MutationOverGet);
    }
    let schema = &graph.supergraph.api_schema;
    let given = request.variables.unwrap_or_default();
    let variables = coerce_variable_values(schema, &prepared.parsed.operation, &given).map_err(|error| {
        Rejection::Variables(Box::new(
            error.to_graphql_error(&prepared.parsed.document.sources),
        ))
    })?;
    let serialized = serialize(&variables);
    let introspection = introspect(&graph, &prepared, variables).await?;
    let execution = Execution {
        explains: explain::is_asked_for(&headers),
        graph,
        prepared,
        variables: serialized,
        headers: Arc::new(headers),
        introspection,
    };
    if is_mutation {
        let _done = gateway.sharing.mutating();
        return Ok(execution.run().await);
    }
    if !execution.graph.client.may_join() {
        gateway.sharing.part();
    }
    match execution.question() {
        Some(question) => gateway
            .sharing
            .answer(question, execution.run())
            .await
            .ok_or_else(failed),
        None => Ok(execution.run().await),
    }
}

fn failed() -> Rejection {
    Rejection::Internal("executing this operation failed".to_owned())
}

/// An operation with all that it is executed with.
struct Execution {
    graph: Arc<Graph>,
    prepared: Arc<PreparedOperation>,
    variables: Vec<(String, Bytes)>,
    headers: Arc<HeaderMap>,
    introspection: Vec<(String, Bytes)>,
    explains: bool,
}

impl Execution {
    /// By what others are recognised who ask the same. `None`: they are not answered together, for it is not wanted, or would not
    /// be the whole truth.
    fn question(&self) -> Option<Question> {
        if !self.graph.shares_requests || self.explains || self.prepared.plan.has_introspection {
            return None;
        }
        let fetches = self.prepared.plan.fetches.iter();
        let partitions = fetches.map(|fetch| self.graph.client.partition(fetch.subgraph, &self.headers));
        Some(Question::new(
            &self.prepared,
            &self.variables,
            partitions.collect(),
        ))
    }

    async fn run(self) -> Executed {
        let Self {
            graph,
            prepared,
            variables,
            headers,
            introspection,
            explains,
        } = self;
        let request = Request {
            plan: &prepared.plan,
            supergraph: &graph.supergraph,
            variables: &variables,
            headers,
            introspection,
            response_limit: RESPONSE_LIMIT,
        };
        let outcome = execute(graph.client.as_ref(), request).await;
        let extensions = explains.then(|| explain::extension(&prepared, &graph.supergraph, &outcome));
        let extensions = extensions.map(|extensions| extensions.to_string());
        Executed {
            keeping: keeping(&graph, &prepared, &outcome),
            has_errors: !outcome.errors.is_empty(),
            body: outcome.into_body(extensions.as_deref()).into(),
        }
    }
}

fn keeping(graph: &Graph, prepared: &PreparedOperation, outcome: &Outcome) -> HeaderMap {
    let Some(vary) = &graph.vary else {
        return HeaderMap::new();
    };
    let is_good = outcome.errors.is_empty() && !prepared.parsed.operation.is_mutation();
    let keeping = if is_good {
        Keeping::AsItSays
    } else {
        Keeping::Never
    };
    freshness::headers(outcome.freshness, keeping, vary)
}

/// `__schema` and `__type`, answered from the API schema without any call.
async fn introspect(
    graph: &Graph,
    prepared: &Arc<PreparedOperation>,
    variables: Valid<JsonMap>,
) -> Result<Vec<(String, Bytes)>, Rejection> {
    if !prepared.plan.has_introspection {
        return Ok(Vec::new());
    }
    let (preparer, prepared) = (Arc::clone(&graph.preparer), Arc::clone(prepared));
    // A large schema takes milliseconds to describe: not on a thread that serves others.
    let described = tokio::task::spawn_blocking(move || {
        let planning = preparer.planning();
        let ParsedOperation {
            document, operation, ..
        } = prepared.parsed.as_ref();
        let schema = &planning.graph.supergraph().api_schema;
        introspection::partial_execute(schema, &planning.implementers, document, operation, &variables)
            .map(|response| serialize(&response.data.unwrap_or_default()))
            .map_err(|error| Rejection::Operation(Box::new(error.to_graphql_error(&document.sources))))
    });
    described
        .await
        .unwrap_or_else(|_| Err(Rejection::Internal("describing the schema failed".to_owned())))
}

fn serialize(values: &JsonMap) -> Vec<(String, Bytes)> {
    let json =
        |value: &JsonValue| Bytes::from(serde_json::to_vec(value).expect("JSON values always serialise"));
    values
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), json(value)))
        .collect()
}
