//! One execution: fetches are started, awaited and merged by a single driver.

mod answer;
mod entity_errors;
mod request;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use causeway_model::{
    Conjunction, EntityCall, Fetch, FetchTarget, OperationType, QueryPlan, ShapeField, ShapeId, Supergraph,
};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use hashbrown::DefaultHashBuilder;
use http::HeaderMap;

use crate::{
    client_path::client_path,
    error::{ErrorSink, Extensions, GraphqlError, PathElement},
    port::{Dispatch, FetchFailure, Freshness, RequestKind, SubgraphClient, SubgraphReply},
    project::{self, Projector},
    tree::{FailureId, ObjectId, Tree, Value},
    walk::{self, Step, Walker},
};
use request::EntityBatch;

/// What an execution is given beside its plan.
pub struct Request<'a> {
    pub plan: &'a QueryPlan,
    pub supergraph: &'a Supergraph,
    /// The client's variables after coercion, each as JSON.
    pub variables: &'a [(String, Bytes)],
    /// The client's headers.
    pub headers: Arc<HeaderMap>,
    /// Answers to `__schema` and `__type`, by response key, as JSON.
    pub introspection: Vec<(String, Bytes)>,
    /// Bytes of the response, roughly: beyond that there is none. An entity that stands at many positions makes much of little.
    pub response_limit: usize,
}

/// For who has no reason to choose another one.
pub const RESPONSE_LIMIT: usize = 256 << 20;

/// A finished execution.
#[derive(Debug)]
pub struct Outcome {
    /// `{"data":…`, without what may follow.
    body: Vec<u8>,
    pub errors: ErrorSink,
    /// By fetch of the plan.
    pub fetches: Vec<FetchReport>,
    /// Of all answers together; unknown if nobody was asked.
    pub freshness: Freshness,
}

impl Outcome {
    /// JSON of the response's `data`.
    pub fn data(&self) -> &[u8] {
        &self.body[project::OPENING.len()..]
    }

    /// The `errors` list as JSON; empty when there are none.
    pub fn errors_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_errors(&mut out);
        out
    }

    /// The response. `extensions`: a JSON object.
    pub fn into_body(mut self, extensions: Option<&str>) -> Vec<u8> {
        let mut body = std::mem::take(&mut self.body);
        if !self.errors.is_empty() {
            body.extend_from_slice(b",\"errors\":");
            self.write_errors(&mut body);
        }
        if let Some(extensions) = extensions {
            body.extend_from_slice(b",\"extensions\":");
            body.extend_from_slice(extensions.as_bytes());
        }
        body.push(b'}');
        body
    }

    fn write_errors(&self, out: &mut Vec<u8>) {
        if self.errors.is_empty() {
            return;
        }
        out.push(b'[');
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            error.write(out);
        }
        out.push(b']');
    }
}

/// What became of one fetch.
#[derive(Debug, Clone)]
pub struct FetchReport {
    pub outcome: FetchOutcome,
    /// Places of the tree that asked for an entity.
    pub entities_asked: usize,
    /// Representations sent, after equal ones were taken together.
    pub entities_sent: usize,
    /// How the reply came about; of a call that failed nothing is known.
    pub dispatch: Option<Dispatch>,
    pub elapsed: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchOutcome {
    /// One call was made and answered.
    Answered,
    /// One call was made and failed.
    Failed,
    /// No call: a condition did not hold, or there was no entity to ask for.
    Skipped,
}

/// A failed fetch, as the places see it that miss its data.
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) extensions: Extensions,
}

/// Runs the plan. Never fails as a whole: what goes wrong is in `errors`, the rest is in `data`.
pub async fn execute(client: &dyn SubgraphClient, request: Request<'_>) -> Outcome {
    let mut run = Run::new(&request);
    run.drive(client).await;
    let Run {
        truth,
        failures,
        errors,
        reports,
        tree,
        root,
        freshness,
        ..
    } = run;
    let projector = Projector::new(request.plan, &tree, truth, &failures, errors);
    let (body, errors) = projector.response(root, request.response_limit);
    Outcome {
        body,
        errors,
        fetches: reports,
        freshness: freshness.unwrap_or_default(),
    }
}

fn has_contexts(fetch: &Fetch) -> bool {
    match &fetch.target {
        FetchTarget::Root { .. } => false,
        FetchTarget::Entities(calls) => calls.iter().any(|call| !call.contexts.is_empty()),
    }
}

struct Run<'a> {
    request: &'a Request<'a>,
    truth: u64,
    tree: Tree,
    root: ObjectId,
    walker: Walker,
    hasher: DefaultHashBuilder,
    /// Entities stand below values of contexts: what is one entity may be asked for in several ways.
    apart: bool,
    failures: Vec<Failure>,
    /// Objects whose fields were not brought.
    lost: Vec<Loss>,
    errors: ErrorSink,
    reports: Vec<FetchReport>,
    state: Vec<State>,
    /// What fetches under way have asked for.
    batches: Vec<Option<EntityBatch>>,
    freshness: Option<Freshness>,
}

/// What an object lacks since a fetch failed.
#[derive(Debug, Clone, Copy)]
struct Loss {
    object: ObjectId,
    fetch: usize,
    node: ShapeId,
    /// One field of the node alone; `None`: all of them.
    field: Option<usize>,
    failure: FailureId,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
}

/// A call under way, with what is needed to place its answer.
struct Finished {
    fetch: usize,
    reply: Result<SubgraphReply, FetchFailure>,
    elapsed: Duration,
}

type InFlight<'c> = FuturesUnordered<BoxFuture<'c, Finished>>;

impl<'a> Run<'a> {
    fn new(request: &'a Request<'a>) -> Self {
        let plan = request.plan;
        // Everything is delivered at once.
        let mut truth = Conjunction::ALL_DEFERRALS;
        for (bit, condition) in plan.conditions.iter().enumerate() {
            let holds = request
                .variables
                .iter()
                .any(|(name, value)| name == condition.as_str() && &value[..] == b"true");
            truth |= u64::from(holds) << bit;
        }
        let mut tree = Tree::default();
        let root = tree.object_of(&mut Vec::new(), 0);
        for (key, value) in &request.introspection {
            if let Some(index) = plan.keys.iter().position(|name| name == key) {
                let key = causeway_model::KeyId(u32::try_from(index).expect("keys are counted in 32 bits"));
                let value = if &value[..] == b"null" {
                    Value::Null
                } else {
                    Value::Leaf(tree.add_buffer(value.clone()).text(0, value.len()))
                };
                tree.set(root, key, value);
            }
        }
        let report = FetchReport {
            outcome: FetchOutcome::Skipped,
            entities_asked: 0,
            entities_sent: 0,
            dispatch: None,
            elapsed: Duration::ZERO,
        };
        Self {
            request,
            truth,
            tree,
            root,
            walker: Walker::default(),
            hasher: DefaultHashBuilder::default(),
            apart: plan.fetches.iter().any(has_contexts),
            failures: Vec::new(),
            lost: Vec::new(),
            errors: Vec::new(),
            reports: vec![report; plan.fetches.len()],
            state: vec![State::Waiting; plan.fetches.len()],
            batches: plan.fetches.iter().map(|_| None).collect(),
            freshness: None,
        }
    }

    async fn drive<'c>(&mut self, client: &'c dyn SubgraphClient) {
        let mut in_flight: InFlight<'c> = FuturesUnordered::new();
        self.start_ready(client, &mut in_flight);
        while let Some(finished) = in_flight.next().await {
            self.place(finished);
            self.start_ready(client, &mut in_flight);
        }
    }

    /// Starts every fetch whose own inputs are there. Fetches stand in topological order, so that one pass also
    /// sees those which wait for one that is skipped here.
    fn start_ready<'c>(&mut self, client: &'c dyn SubgraphClient, in_flight: &mut InFlight<'c>) {
        for index in 0..self.state.len() {
            let fetch = &self.request.plan.fetches[index];
            let ready = self.state[index] == State::Waiting
                && fetch
                    .depends_on
                    .iter()
                    .all(|dep| self.state[dep.index()] == State::Done);
            if ready {
                self.state[index] = State::Running;
                self.start(index, client, in_flight);
            }
        }
    }

    fn start<'c>(&mut self, index: usize, client: &'c dyn SubgraphClient, in_flight: &mut InFlight<'c>) {
        let fetch = &self.request.plan.fetches[index];
        if !fetch.guard.holds(self.truth) {
            self.state[index] = State::Done;
            return;
        }
        let mut batch = match &fetch.target {
            FetchTarget::Root { .. } => None,
            FetchTarget::Entities(calls) => {
                let batch = request::gather(
                    &mut self.tree,
                    (&mut self.walker, &self.hasher),
                    self.root,
                    (self.truth, self.apart),
                    calls,
                );
                self.reports[index].entities_asked = batch.positions;
                self.reports[index].entities_sent = batch.sent();
                for (object, node, failure) in &batch.lost {
                    self.lose(*object, (index, *node), None, *failure);
                }
                self.note_missing_contexts(index, calls, &batch);
                self.batches[index] = Some(batch);
                self.mark_lost();
                let batch = self.batches[index].take();
                if batch.as_ref().is_none_or(EntityBatch::is_empty) {
                    self.state[index] = State::Done;
                    return;
                }
                batch
            }
        };
        let sent = request::assemble(
            fetch,
            self.kind(fetch),
            self.request.variables,
            batch.as_mut(),
            &self.request.headers,
        );
        self.batches[index] = batch;
        in_flight.push(Box::pin(async move {
            let started = Instant::now();
            let reply = client.send(sent).await;
            Finished {
                fetch: index,
                reply,
                elapsed: started.elapsed(),
            }
        }));
    }

    fn kind(&self, fetch: &Fetch) -> RequestKind {
        match (self.request.plan.operation_type, &fetch.target) {
            (OperationType::Mutation, FetchTarget::Root { .. }) => RequestKind::Mutation,
            (OperationType::Mutation, FetchTarget::Entities(_)) => RequestKind::QueryAfterMutation,
            _ => RequestKind::Query,
        }
    }

    /// An argument that cannot be null has no value: what would be asked with it is lost.
    fn note_missing_contexts(&mut self, fetch: usize, calls: &[EntityCall], batch: &EntityBatch) {
        let mut failures: Vec<((usize, usize), FailureId)> = Vec::new();
        for (object, missing) in &batch.without_context {
            let known = failures
                .iter()
                .find(|(held, _)| held == missing)
                .map(|(_, failure)| *failure);
            let failure = known.unwrap_or_else(|| {
                let (call, variable) = *missing;
                let ty = &calls[call].contexts[variable].ty;
                let message = format!(
                    "the context that an argument of type {ty} is filled from is null here; the argument cannot be null"
                );
                let subgraph = self.subgraph_name(fetch);
                self.add_failure(GraphqlError::new("CONTEXT_IS_NULL", Some(subgraph), message, Vec::new()))
            });
            if known.is_none() {
                failures.push((*missing, failure));
            }
            self.lose(*object, (fetch, calls[missing.0].shape), None, failure);
        }
    }

    fn place(&mut self, finished: Finished) {
        let index = finished.fetch;
        self.state[index] = State::Done;
        self.reports[index].elapsed = finished.elapsed;
        self.reports[index].dispatch = finished.reply.as_ref().ok().map(|reply| reply.dispatch);
        let brought = finished
            .reply
            .as_ref()
            .map_or(Freshness::default(), |reply| reply.freshness);
        self.freshness = Some(self.freshness.map_or(brought, |known| known.and(brought)));
        let mut batch = self.batches[index].take();
        let usable = finished
            .reply
            .and_then(|reply| answer::place(self, index, batch.as_mut(), &reply));
        self.reports[index].outcome = match usable {
            Ok(()) => FetchOutcome::Answered,
            Err(failure) => {
                let subgraph = self.subgraph_name(index);
                let message = format!("subgraph `{subgraph}` {failure}");
                tracing::warn!(subgraph, code = failure.code(), "{message}");
                let error = GraphqlError::new(failure.code(), Some(subgraph), message, Vec::new());
                let failure = self.add_failure(error);
                answer::lose(self, index, batch.as_ref(), failure);
                FetchOutcome::Failed
            }
        };
        self.follow_copies(None);
        self.mark_lost();
    }

    fn lose(
        &mut self,
        object: ObjectId,
        (fetch, node): (usize, ShapeId),
        field: Option<usize>,
        failure: FailureId,
    ) {
        self.lost.push(Loss {
            object,
            fetch,
            node,
            field,
            failure,
        });
    }

    /// What an object waits for or has lost, its copies do as well. `placed`: the batch whose answer is being placed.
    fn follow_copies(&mut self, placed: Option<&mut EntityBatch>) {
        let parted = self.tree.take_parted();
        if parted.is_empty() {
            return;
        }
        for batch in self.batches.iter_mut().flatten().chain(placed) {
            batch.follow(&self.tree, &parted);
        }
        for number in 0..self.lost.len() {
            let loss = self.lost[number];
            let copies = parted
                .get(&self.tree.canonical(loss.object))
                .into_iter()
                .flatten();
            self.lost.extend(copies.map(|copy| Loss {
                object: *copy,
                ..loss
            }));
        }
    }

    /// Marks what is lost, wherever nothing stands. Done anew after each answer, for it may bring an object whose
    /// other fields were lost before.
    fn mark_lost(&mut self) {
        let mut marked = 0;
        while marked < self.lost.len() {
            for loss in &self.lost[marked..] {
                let shape = &self.request.plan.fetches[loss.fetch].shape;
                match loss.field {
                    None => {
                        walk::fail_missing(&mut self.tree, loss.object, shape, loss.node, loss.failure);
                    }
                    Some(field) => {
                        let field: &ShapeField = &shape.nodes[loss.node.0 as usize][field];
                        walk::fail_field(&mut self.tree, loss.object, shape, field, loss.failure);
                    }
                }
            }
            marked = self.lost.len();
            // Marking copies what is shared with others who lost nothing; no copy is copied again.
            self.follow_copies(None);
        }
    }

    fn add_failure(&mut self, error: GraphqlError) -> FailureId {
        self.failures.push(Failure {
            message: error.message,
            extensions: error.extensions,
        });
        FailureId(u32::try_from(self.failures.len() - 1).expect("a plan has fewer than 2^32 fetches"))
    }

    /// A place of the data tree as a path of the response.
    fn client_path(&self, place: impl IntoIterator<Item = Step>) -> Vec<PathElement> {
        client_path(self.request.plan, (&self.tree, self.root), self.truth, place)
    }

    fn subgraph_name(&self, fetch: usize) -> &'a str {
        let subgraph = self.request.plan.fetches[fetch].subgraph;
        &self.request.supergraph.subgraph(subgraph).name
    }
}
