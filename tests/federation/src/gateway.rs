//! Composition, planner and executor put together over services in this process.

use std::sync::{Arc, Mutex};

use apollo_compiler::{
    ExecutableDocument, introspection, request::coerce_variable_values, response::JsonMap, validation::Valid,
};
use bytes::Bytes;
use causeway_composition::{SubgraphInput, compose};
use causeway_executor::{
    FetchFailure, Partition, RESPONSE_LIMIT, Request, SubgraphClient, SubgraphReply, SubgraphRequest, execute,
};
use causeway_graph::QueryGraph;
use causeway_model::{LabelSet, SubgraphId, Supergraph};
use futures::{FutureExt, executor::block_on, future::BoxFuture};
use serde_json::{Map, Value};

use crate::{Service, World, monolith};

/// One graph, composed, with the servers of its subgraphs.
pub struct Gateway {
    pub graph: QueryGraph,
    services: Arc<Vec<Service>>,
}

/// A request that reached a subgraph.
#[derive(Debug, Clone)]
pub struct Call {
    pub subgraph: String,
    pub document: String,
    pub variables: Value,
    pub violations: Vec<String>,
}

/// What came of one operation.
#[derive(Debug)]
pub struct Answer {
    pub data: Value,
    pub errors: Vec<Value>,
    /// In the order in which they were made.
    pub calls: Vec<Call>,
    pub plan: String,
}

/// A plan that was not run.
#[derive(Debug)]
pub struct Planned {
    pub requests: usize,
    /// How many of them wait for each other at most.
    pub depth: usize,
    pub text: String,
}

impl Answer {
    /// Everything that subgraphs had to complain about, a line each.
    pub fn violations(&self) -> Vec<String> {
        let lines = self.calls.iter().flat_map(|call| {
            call.violations
                .iter()
                .map(move |why| format!("subgraph `{}` {why}\n  in {}", call.subgraph, call.document))
        });
        lines.collect()
    }
}

impl Gateway {
    /// Composes (name, SDL) pairs.
    ///
    /// # Errors
    /// The diagnostics of composition, printed, or what is wrong with an SDL.
    pub fn new(subgraphs: &[(String, String)]) -> Result<Self, String> {
        let inputs: Vec<SubgraphInput> = subgraphs
            .iter()
            .map(|(name, sdl)| SubgraphInput {
                name: name.clone(),
                url: None,
                sdl: sdl.clone(),
                source: format!("{name}.graphql"),
            })
            .collect();
        let composition = compose(&inputs).map_err(|failed| {
            let lines: Vec<String> = failed
                .errors
                .iter()
                .map(|error| format!("{}: {error}", error.code.as_str()))
                .collect();
            lines.join("\n")
        })?;
        Ok(Self {
            graph: QueryGraph::new(composition.supergraph),
            services: Arc::new(Service::all(subgraphs)?),
        })
    }

    /// In the order of the supergraph's subgraphs.
    pub(crate) fn services(&self) -> Vec<&Service> {
        let subgraphs = self.supergraph().subgraphs.iter();
        subgraphs.map(|subgraph| self.service(&subgraph.name)).collect()
    }

    pub(crate) fn shared_services(&self) -> Arc<Vec<Service>> {
        Arc::clone(&self.services)
    }

    pub(crate) fn service(&self, name: &str) -> &Service {
        let found = self.services.iter().find(|service| service.name == name);
        found.expect("each subgraph has a server")
    }

    pub fn supergraph(&self) -> &Arc<Supergraph> {
        self.graph.supergraph()
    }

    /// Answers an operation as a client would get it.
    ///
    /// # Errors
    /// The operation is not valid, or there is no plan for it.
    pub fn answer(&self, world: &World, text: &str, given: &Map<String, Value>) -> Result<Answer, String> {
        self.answer_under(world, text, given, &[])
    }

    /// The same while certain labels of progressive overrides are on.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub fn answer_under(
        &self,
        world: &World,
        text: &str,
        given: &Map<String, Value>,
        on: &[String],
    ) -> Result<Answer, String> {
        let calls = Mutex::default();
        let client = Client {
            services: &self.services(),
            world,
            on,
            calls: &calls,
        };
        let answer = self.answer_through(&client, text, given, on)?;
        Ok(Answer {
            calls: calls.into_inner().expect("no call panicked"),
            ..answer
        })
    }

    /// The same through what stands before the services, which keeps the calls for itself.
    pub(crate) fn answer_through(
        &self,
        client: &dyn SubgraphClient,
        text: &str,
        given: &Map<String, Value>,
        on: &[String],
    ) -> Result<Answer, String> {
        let prepared = self.prepare(text, given)?;
        let labels = self.supergraph().label_set(on.iter().map(String::as_str));
        let plan = causeway_planner::plan(&self.graph, &prepared.document, prepared.operation(), &labels)
            .map_err(|error| format!("{}: {error}", error.code()))?;
        let introspection = if plan.has_introspection {
            self.introspect(&prepared)?
        } else {
            Vec::new()
        };
        let serialized = serialize(&prepared.variables);
        let request = Request {
            plan: &plan,
            supergraph: self.supergraph(),
            variables: &serialized,
            headers: Arc::default(),
            introspection,
            response_limit: RESPONSE_LIMIT,
        };
        let outcome = block_on(execute(client, request));
        let errors = outcome.errors_json();
        Ok(Answer {
            data: serde_json::from_slice(outcome.data())
                .map_err(|error| format!("data is no JSON: {error}"))?,
            errors: if errors.is_empty() {
                Vec::new()
            } else {
                serde_json::from_slice(&errors).map_err(|error| format!("errors are no JSON: {error}"))?
            },
            calls: Vec::new(),
            plan: causeway_planner::explain(&plan, self.supergraph()),
        })
    }

    /// Plans an operation without variables.
    ///
    /// # Errors
    /// The operation is not valid, or there is no plan for it.
    pub fn plan(&self, text: &str) -> Result<Planned, String> {
        let prepared = self.prepare(text, &Map::new())?;
        let plan = causeway_planner::plan(
            &self.graph,
            &prepared.document,
            prepared.operation(),
            &LabelSet::default(),
        )
        .map_err(|error| format!("{}: {error}", error.code()))?;
        let mut depths: Vec<usize> = Vec::with_capacity(plan.fetches.len());
        for fetch in &plan.fetches {
            let before = fetch.depends_on.iter().map(|dep| depths[dep.index()]).max();
            depths.push(before.unwrap_or_default() + 1);
        }
        Ok(Planned {
            requests: plan.fetches.len(),
            depth: depths.into_iter().max().unwrap_or_default(),
            text: causeway_planner::explain(&plan, self.supergraph()),
        })
    }

    /// The same operation, answered by the monolith.
    ///
    /// # Errors
    /// The operation is not valid.
    pub fn oracle(
        &self,
        world: &World,
        text: &str,
        given: &Map<String, Value>,
    ) -> Result<(Value, Vec<Value>), String> {
        let prepared = self.prepare(text, given)?;
        let variables: Map<String, Value> =
            serde_json::from_value(serde_json::to_value(&*prepared.variables).expect("JSON"))
                .expect("a map is a map");
        let schema = &self.supergraph().api_schema;
        let (document, operation) = (&prepared.document, prepared.operation());
        let (mut data, errors) = monolith::answer(schema, world, document, operation, &variables);
        // Introspection is the API schema's own; here it only matters that it stands beside the rest.
        if let Some(data) = data.as_object_mut() {
            for (key, json) in self.introspect(&prepared)? {
                data.insert(
                    key,
                    serde_json::from_slice(&json).map_err(|error| error.to_string())?,
                );
            }
        }
        Ok((data, errors))
    }

    fn prepare(&self, text: &str, given: &Map<String, Value>) -> Result<Prepared, String> {
        let schema = &self.supergraph().api_schema;
        let document = ExecutableDocument::parse_and_validate(schema, text, "operation.graphql")
            .map_err(|invalid| format!("the operation is not valid: {}", invalid.errors))?;
        let operation = document
            .operations
            .get(None)
            .map_err(|_| "one operation is needed")?;
        let given: JsonMap = serde_json::from_value(given.clone().into()).expect("a map is a map");
        let variables = coerce_variable_values(schema, operation, &given)
            .map_err(|error| format!("the variables are wrong: {}", error.message()))?;
        Ok(Prepared { document, variables })
    }

    fn introspect(&self, prepared: &Prepared) -> Result<Vec<(String, Bytes)>, String> {
        let schema = &self.supergraph().api_schema;
        let implementers = schema.implementers_map();
        let (document, operation) = (&prepared.document, prepared.operation());
        introspection::partial_execute(schema, &implementers, document, operation, &prepared.variables)
            .map(|response| serialize(&response.data.unwrap_or_default()))
            .map_err(|error| error.message().to_string())
    }
}

struct Prepared {
    document: Valid<ExecutableDocument>,
    variables: Valid<JsonMap>,
}

impl Prepared {
    fn operation(&self) -> &apollo_compiler::executable::Operation {
        self.document.operations.get(None).expect("looked at before")
    }
}

fn serialize(values: &JsonMap) -> Vec<(String, Bytes)> {
    values
        .iter()
        .map(|(name, value)| {
            let json = serde_json::to_vec(value).expect("JSON values always serialise");
            (name.as_str().to_owned(), Bytes::from(json))
        })
        .collect()
}

/// Subgraphs behind the executor's port.
pub(crate) struct Client<'a> {
    pub(crate) services: &'a [&'a Service],
    pub(crate) world: &'a World,
    pub(crate) on: &'a [String],
    pub(crate) calls: &'a Mutex<Vec<Call>>,
}

impl Client<'_> {
    pub(crate) fn answer(&self, request: &SubgraphRequest) -> Result<SubgraphReply, FetchFailure> {
        let service = self.services[request.subgraph.index()];
        let body: Value = serde_json::from_slice(&request.body()).expect("the gateway sends JSON");
        let served = service.serve(self.world, &body, self.on);
        self.calls.lock().expect("no call panicked").push(Call {
            subgraph: service.name.clone(),
            document: body["query"].as_str().unwrap_or_default().to_owned(),
            variables: body["variables"].clone(),
            violations: served.violations,
        });
        if self.world.is_down(&service.name) {
            return Err(FetchFailure::Unreachable {
                reason: "the data says so".to_owned(),
            });
        }
        let body = serde_json::to_vec(&served.body).expect("JSON values always serialise");
        Ok(SubgraphReply::new(body))
    }
}

impl SubgraphClient for Client<'_> {
    fn send(&self, request: SubgraphRequest) -> BoxFuture<'_, Result<SubgraphReply, FetchFailure>> {
        async move { self.answer(&request) }.boxed()
    }

    fn partition(&self, _: SubgraphId, _: &http::HeaderMap) -> Partition {
        Partition::EVERYBODY
    }
}
