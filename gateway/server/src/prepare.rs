//! Prepared operations: parsed, validated, planned, once per text.

use std::{future::Future, sync::Arc};

use apollo_compiler::{
    ExecutableDocument, Node, ast::OperationType, collections::HashMap, executable::Operation,
    parser::Parser, response::GraphQLError, schema::Implementers, validation::DiagnosticList,
    validation::Valid,
};
use causeway_graph::QueryGraph;
use causeway_model::{LabelSet, Name, QueryPlan};
use moka::future::Cache;

use crate::{
    limits::{self, PrepareLimits, TooComplex},
    rejection::Rejection,
};

/// A mistake repeated all over an operation is told this often.
const ERROR_LIMIT: usize = 50;

/// Resident memory grows by so much for each byte that an operation's parts are counted with (`bench memory`).
const HEAP: usize = 2;

/// A valid operation.
pub(crate) struct ParsedOperation {
    pub(crate) document: Valid<ExecutableDocument>,
    pub(crate) operation: Node<Operation>,
    /// The labels of progressive overrides on which its plan hangs.
    pub(crate) labels: LabelSet,
    text_length: usize,
}

/// An operation that can be executed as often as one likes.
pub(crate) struct PreparedOperation {
    pub(crate) parsed: Arc<ParsedOperation>,
    /// Those of the operation's labels that are on.
    pub(crate) on: LabelSet,
    pub(crate) plan: QueryPlan,
    /// Bytes that it takes, roughly.
    weight: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) operation_name: Option<String>,
}

/// Callers that ask for one key at the same time share one preparation.
pub(crate) struct Preparer {
    planning: Arc<Planning>,
    /// Used only where the graph has labels: which of them an operation touches must be known before it is planned.
    parsed: Cache<Arc<Key>, Arc<ParsedOperation>>,
    plans: Cache<(Arc<Key>, LabelSet), Arc<PreparedOperation>>,
}

pub(crate) struct Planning {
    pub(crate) graph: QueryGraph,
    pub(crate) implementers: HashMap<Name, Implementers>,
    limits: PrepareLimits,
}

impl Preparer {
    pub(crate) fn new(graph: QueryGraph, limits: PrepareLimits) -> Self {
        let implementers = graph.supergraph().api_schema.implementers_map();
        let for_parsed = if graph.supergraph().labels.is_empty() {
            0
        } else {
            limits.cache / 4
        };
        Self {
            parsed: Cache::builder()
                .max_capacity(for_parsed)
                .weigher(|_, parsed: &Arc<ParsedOperation>| parsed.weight())
                .build(),
            plans: Cache::builder()
                .max_capacity(limits.cache - for_parsed)
                .weigher(|_, prepared: &Arc<PreparedOperation>| prepared.weight)
                .build(),
            planning: Arc::new(Planning {
                graph,
                implementers,
                limits,
            }),
        }
    }

    pub(crate) fn planning(&self) -> &Planning {
        &self.planning
    }

    /// `decide` says which of the labels that the operation touches are on. Refusals are not kept: they are made again for
    /// whoever asks again.
    pub(crate) async fn prepare(
        &self,
        text: String,
        operation_name: Option<String>,
        decide: impl FnOnce(&LabelSet) -> LabelSet,
    ) -> Result<Arc<PreparedOperation>, Rejection> {
        let key = Arc::new(Key { text, operation_name });
        if self.planning.graph.supergraph().labels.is_empty() {
            let key = (key, LabelSet::default());
            if let Some(prepared) = self.plans.get(&key).await {
                return Ok(prepared);
            }
            let wanted = Arc::clone(&key.0);
            let made = self.blocking(move |planning| {
                let parsed = Arc::new(planning.parse(&wanted)?);
                planning.plan(parsed, LabelSet::default())
            });
            return shared(self.plans.try_get_with(key, made).await);
        }
        let wanted = Arc::clone(&key);
        let parsed = self.blocking(move |planning| planning.parse(&wanted).map(Arc::new));
        let parsed = shared(self.parsed.try_get_with(Arc::clone(&key), parsed).await)?;
        let on = decide(&parsed.labels);
        let chosen = on.clone();
        let made = self.blocking(move |planning| planning.plan(parsed, chosen));
        shared(self.plans.try_get_with((key, on), made).await)
    }

    /// Prepares each operation of a document, with all labels off. Gives their names, and what became of them.
    pub(crate) async fn prepare_all(
        &self,
        text: &str,
    ) -> Vec<(Option<String>, Result<Arc<PreparedOperation>, Rejection>)> {
        let mut outcomes = Vec::new();
        for name in operation_names(text) {
            let prepared = self.prepare(text.to_owned(), name.clone(), |_| LabelSet::default());
            outcomes.push((name, prepared.await));
        }
        outcomes
    }

    /// Prepares what another one has prepared, as far as it can be. Gives the number of operations.
    pub(crate) async fn prepare_like(&self, before: &Self) -> usize {
        let old = before.planning.graph.supergraph();
        let new = self.planning.graph.supergraph();
        let mut prepared = 0;
        for (key, _) in &before.plans {
            let (key, on) = key.as_ref();
            let on = new.label_set(on.iter().map(|label| old.label(label)));
            let decide = |touched: &LabelSet| touched.iter().filter(|label| on.contains(*label)).collect();
            let outcome = self.prepare(key.text.clone(), key.operation_name.clone(), decide);
            prepared += usize::from(outcome.await.is_ok());
        }
        prepared
    }

    /// Validation and planning of a large operation take milliseconds: not on a thread that serves others.
    fn blocking<T, W>(&self, work: W) -> impl Future<Output = Result<T, Rejection>> + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Planning) -> Result<T, Rejection> + Send + 'static,
    {
        let planning = Arc::clone(&self.planning);
        async move {
            tokio::task::spawn_blocking(move || work(&planning))
                .await
                .unwrap_or_else(|_| Err(Rejection::Internal("planning this operation failed".to_owned())))
        }
    }
}

/// The names by which a document's operations can be asked for: where there is only one, it is asked for with and without its
/// name.
fn operation_names(text: &str) -> Vec<Option<String>> {
    let Ok(document) = Parser::new().parse_ast(text, "operation.graphql") else {
        return vec![None];
    };
    let names: Vec<Option<String>> = document
        .definitions
        .iter()
        .filter_map(|definition| definition.as_operation_definition())
        .map(|operation| operation.name.as_ref().map(ToString::to_string))
        .collect();
    match names.as_slice() {
        [Some(only)] => vec![None, Some(only.clone())],
        [] => vec![None],
        _ => names,
    }
}

/// The rejection of the caller who made it, for all who waited.
fn shared<T>(made: Result<T, Arc<Rejection>>) -> Result<T, Rejection> {
    made.map_err(|rejection| (*rejection).clone())
}

impl ParsedOperation {
    fn weight(&self) -> u32 {
        u32::try_from((1024 + self.text_length * 12) * HEAP).unwrap_or(u32::MAX)
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

    fn parse(&self, key: &Key) -> Result<ParsedOperation, Rejection> {
        let schema = &self.graph.supergraph().api_schema;
        let text_length = key.text.len();
        let mut parser = Parser::new()
            .token_limit(self.limits.tokens)
            .recursion_limit(self.limits.depth);
        let parsed = parser.parse_ast(key.text.as_str(), "operation.graphql");
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
        let labels = causeway_planner::labels(&self.graph, &document, &operation).map_err(Rejection::Plan)?;
        Ok(ParsedOperation {
            document,
            operation,
            labels,
            text_length,
        })
    }

    fn plan(&self, parsed: Arc<ParsedOperation>, on: LabelSet) -> Result<Arc<PreparedOperation>, Rejection> {
        let plan = causeway_planner::plan(&self.graph, &parsed.document, &parsed.operation, &on)
            .map_err(Rejection::Plan)?;
        let weight = weight(parsed.text_length, &plan);
        Ok(Arc::new(PreparedOperation {
            parsed,
            on,
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
            let names = fetch
                .merging
                .as_ref()
                .map_or(0, |root| 64 + root.names.len() * 16);
            256 + fetch.document.len() + shape + names
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
    u32::try_from((4096 + text_length * 12 + fetches + projection) * HEAP).unwrap_or(u32::MAX)
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
