//! Prepared operations: parsed, validated, planned, once per text.

use std::sync::Arc;

use apollo_compiler::{
    ExecutableDocument, Node, ast::OperationType, collections::HashMap, executable::Operation,
    parser::Parser, response::GraphQLError, schema::Implementers, validation::DiagnosticList,
    validation::Valid,
};
use causeway_graph::QueryGraph;
use causeway_model::{Name, QueryPlan};
use moka::future::Cache;

use crate::{
    limits::{self, PrepareLimits, TooComplex},
    rejection::Rejection,
};

/// A mistake repeated all over an operation is told this often.
const ERROR_LIMIT: usize = 50;

/// An operation that can be executed as often as one likes.
pub(crate) struct PreparedOperation {
    pub(crate) document: Valid<ExecutableDocument>,
    pub(crate) operation: Node<Operation>,
    pub(crate) plan: QueryPlan,
    /// Bytes that it takes, roughly.
    weight: u32,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    text: String,
    operation_name: Option<String>,
}

pub(crate) struct Preparer {
    planning: Arc<Planning>,
    /// Callers that ask for one key at the same time share one preparation.
    cache: Cache<Key, Arc<PreparedOperation>>,
}

pub(crate) struct Planning {
    pub(crate) graph: QueryGraph,
    pub(crate) implementers: HashMap<Name, Implementers>,
    limits: PrepareLimits,
}

impl Preparer {
    pub(crate) fn new(graph: QueryGraph, limits: PrepareLimits) -> Self {
        let implementers = graph.supergraph().api_schema.implementers_map();
        let cache = Cache::builder()
            .max_capacity(limits.cache)
            .weigher(|_, prepared: &Arc<PreparedOperation>| prepared.weight)
            .build();
        Self {
            planning: Arc::new(Planning {
                graph,
                implementers,
                limits,
            }),
            cache,
        }
    }

    pub(crate) fn planning(&self) -> &Planning {
        &self.planning
    }

    /// Refusals are not kept: they are made again for whoever asks again.
    pub(crate) async fn prepare(
        &self,
        text: String,
        operation_name: Option<String>,
    ) -> Result<Arc<PreparedOperation>, Rejection> {
        let key = Key { text, operation_name };
        if let Some(prepared) = self.cache.get(&key).await {
            return Ok(prepared);
        }
        let planning = Arc::clone(&self.planning);
        let wanted = key.clone();
        // Validation and planning of a large operation take milliseconds: not on a thread that serves others.
        let prepared = async move {
            tokio::task::spawn_blocking(move || planning.prepare(wanted))
                .await
                .unwrap_or_else(|_| Err(Rejection::Internal("planning this operation failed".to_owned())))
        };
        self.cache
            .try_get_with(key, prepared)
            .await
            .map_err(|rejection| (*rejection).clone())
    }
}

impl Planning {
    /// Why a text could not be parsed: it is too much, or it is wrong.
    fn refusal(&self, parser: &Parser, diagnostics: &DiagnosticList) -> Rejection {
        if parser.tokens_reached() > self.limits.tokens {
            Rejection::TooComplex(TooComplex::Tokens(self.limits.tokens))
        } else if parser.recursion_reached() > self.limits.depth {
            Rejection::TooComplex(TooComplex::Depth(self.limits.depth))
        } else {
            Rejection::Parse(errors(diagnostics))
        }
    }

    fn prepare(&self, key: Key) -> Result<Arc<PreparedOperation>, Rejection> {
        let schema = &self.graph.supergraph().api_schema;
        let text_length = key.text.len();
        let mut parser = Parser::new()
            .token_limit(self.limits.tokens)
            .recursion_limit(self.limits.depth);
        let parsed = parser.parse_ast(key.text, "operation.graphql");
        let ast = parsed.map_err(|invalid| self.refusal(&parser, &invalid.errors))?;
        limits::check(&ast, &self.limits).map_err(Rejection::TooComplex)?;
        let document = ast
            .to_executable_validate(schema)
            .map_err(|invalid| Rejection::Validation(errors(&invalid.errors)))?;
        let operation = document
            .operations
            .get(key.operation_name.as_deref())
            .map_err(|error| Rejection::Operation(Box::new(error.to_graphql_error(&document.sources))))?
            .clone();
        if operation.operation_type == OperationType::Subscription {
            return Err(Rejection::SubscriptionsUnsupported);
        }
        apollo_compiler::introspection::check_max_depth(&document, &operation)
            .map_err(|error| Rejection::Validation(vec![error.to_graphql_error(&document.sources)]))?;
        let plan = causeway_planner::plan(&self.graph, &document, &operation).map_err(Rejection::Plan)?;
        let weight = weight(text_length, &plan);
        Ok(Arc::new(PreparedOperation {
            document,
            operation,
            plan,
            weight,
        }))
    }
}

/// Bytes, roughly: the parsed document and what was made of it.
fn weight(text_length: usize, plan: &QueryPlan) -> u32 {
    let fetches: usize = plan
        .fetches
        .iter()
        .map(|fetch| {
            let shape: usize = fetch
                .shape
                .nodes
                .iter()
                .map(|fields| 24 + fields.len() * 64)
                .sum();
            256 + fetch.document.len() + shape
        })
        .sum();
    let nodes = plan.projection.nodes.iter();
    let projection: usize = nodes
        .map(|node| {
            128 + node.by_type.len() * 32
                + node
                    .selections
                    .iter()
                    .map(|fields| fields.len() * 192)
                    .sum::<usize>()
        })
        .sum();
    u32::try_from(4096 + text_length * 12 + fetches + projection).unwrap_or(u32::MAX)
}

fn errors(diagnostics: &DiagnosticList) -> Vec<GraphQLError> {
    diagnostics
        .iter()
        .take(ERROR_LIMIT)
        .map(|diagnostic| diagnostic.to_json())
        .collect()
}

#[cfg(test)]
mod tests;
