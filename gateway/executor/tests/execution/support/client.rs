//! Subgraphs that note every request and answer when the test says so.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use causeway_executor::{
    FetchFailure, FetchReport, Outcome, Partition, Request, SubgraphClient, SubgraphReply, SubgraphRequest,
    execute,
};
use causeway_model::SubgraphId;
use futures::{
    FutureExt,
    channel::oneshot::{Sender, channel},
    future::BoxFuture,
};
use http::HeaderMap;
use serde_json::Value;

use super::plan::PlanBuilder;

type Reply = Result<SubgraphReply, FetchFailure>;

#[derive(Default)]
struct Scripted {
    requests: Mutex<Vec<(SubgraphRequest, Option<Sender<Reply>>)>>,
}

impl SubgraphClient for Scripted {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Reply> {
        let (sender, receiver) = channel();
        self.requests.lock().unwrap().push((request, Some(sender)));
        async { receiver.await.expect("the test answers before it ends") }.boxed()
    }

    fn partition(&self, _: SubgraphId, _: &HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}

/// More than any answer of a test has that is to have one.
const LIMIT: usize = 4 << 20;

/// A running execution. What it borrows is leaked: a test is short.
pub(crate) struct Execution {
    future: Pin<Box<dyn Future<Output = Outcome>>>,
    client: &'static Scripted,
    subgraphs: Vec<String>,
    outcome: Option<Outcome>,
}

/// What the client gets.
pub(crate) struct Answer {
    pub(crate) data: String,
    pub(crate) errors: Vec<Value>,
    pub(crate) fetches: Vec<FetchReport>,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Execution {
    pub(crate) fn start(plan: PlanBuilder) -> Self {
        Self::with(plan, &[], &[])
    }

    /// `variables` and `introspection` by name, as JSON.
    pub(crate) fn with(
        plan: PlanBuilder,
        variables: &[(&str, &str)],
        introspection: &[(&str, &str)],
    ) -> Self {
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, Bytes)> {
            let copy = |text: &str| Bytes::copy_from_slice(text.as_bytes());
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), copy(value)))
                .collect()
        };
        let supergraph: &'static _ = Box::leak(Box::new(plan.supergraph()));
        let client: &'static Scripted = Box::leak(Box::default());
        let mut headers = HeaderMap::new();
        headers.insert("x-client", "test".parse().unwrap());
        let request = Request {
            plan: Box::leak(Box::new(plan.plan)),
            supergraph,
            variables: owned(variables).leak(),
            headers: Arc::new(headers),
            introspection: owned(introspection),
            response_limit: LIMIT,
        };
        let subgraphs = supergraph
            .subgraphs
            .iter()
            .map(|subgraph| subgraph.name.clone())
            .collect();
        let mut execution = Self {
            future: Box::pin(execute(client, request)),
            client,
            subgraphs,
            outcome: None,
        };
        execution.settle();
        execution
    }

    /// Names of the subgraphs called so far, in order.
    pub(crate) fn called(&self) -> Vec<&str> {
        let requests = self.client.requests.lock().unwrap();
        requests
            .iter()
            .map(|(request, _)| self.subgraphs[request.subgraph.index()].as_str())
            .collect()
    }

    /// The body of the n-th call, as it was sent.
    pub(crate) fn body(&self, call: usize) -> String {
        String::from_utf8(self.client.requests.lock().unwrap()[call].0.body().to_vec()).unwrap()
    }

    pub(crate) fn headers(&self, call: usize) -> Arc<HeaderMap> {
        self.client.requests.lock().unwrap()[call].0.headers.clone()
    }

    /// The variables of the n-th call.
    pub(crate) fn sent(&self, call: usize) -> Value {
        serde_json::from_str::<Value>(&self.body(call)).unwrap()["variables"].take()
    }

    /// Answers the oldest open call to the subgraph.
    pub(crate) fn answer(&mut self, subgraph: &str, body: impl AsRef<[u8]>) {
        self.reply(
            subgraph,
            Ok(SubgraphReply::new(Bytes::copy_from_slice(body.as_ref()))),
        );
    }

    pub(crate) fn fail(&mut self, subgraph: &str, failure: FetchFailure) {
        self.reply(subgraph, Err(failure));
    }

    fn reply(&mut self, subgraph: &str, reply: Reply) {
        let open = self
            .client
            .requests
            .lock()
            .unwrap()
            .iter_mut()
            .find_map(|(request, sender)| {
                sender.take_if(|_| self.subgraphs[request.subgraph.index()] == subgraph)
            });
        assert!(
            open.expect("a call to the subgraph is open").send(reply).is_ok(),
            "the execution has ended"
        );
        self.settle();
    }

    /// Polls until nothing moves any more.
    fn settle(&mut self) {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        while self.outcome.is_none() {
            woken.0.store(false, Ordering::SeqCst);
            if let Poll::Ready(outcome) = self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.outcome = Some(outcome);
            } else if !woken.0.load(Ordering::SeqCst) {
                return;
            }
        }
    }

    pub(crate) fn finish(self) -> Answer {
        let outcome = self.outcome.expect("every call was answered");
        let errors = match outcome.errors_json() {
            none if none.is_empty() => Vec::new(),
            some => serde_json::from_slice(&some).expect("errors are JSON"),
        };
        let data = String::from_utf8(outcome.data().to_vec()).unwrap();
        serde_json::from_str::<serde::de::IgnoredAny>(&data).expect("data is JSON");
        Answer {
            data,
            errors,
            fetches: outcome.fetches,
        }
    }
}

impl Answer {
    /// `path: message` of every error.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let path = |error: &Value| {
            let path = error["path"].as_array().cloned().unwrap_or_default();
            let text = |element: &Value| {
                element
                    .as_str()
                    .map_or_else(|| element.to_string(), str::to_owned)
            };
            path.iter().map(text).collect::<Vec<_>>().join(".")
        };
        self.errors
            .iter()
            .map(|error| format!("{}: {}", path(error), error["message"].as_str().unwrap()))
            .collect()
    }

    /// Asserts the data and, in any order, the errors.
    #[track_caller]
    pub(crate) fn is(&self, data: &str, complaints: &[&str]) {
        assert_eq!(self.data, data);
        let mut found = self.complaints();
        let mut expected = complaints.to_vec();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}
