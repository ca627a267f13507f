//! What is asked: questions with their right answers, and the units that are timed.

use std::sync::Arc;

use anyhow::Context as _;
use apollo_compiler::{Schema, validation::Valid};
use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value};

use crate::{
    answer::{Answer, answer},
    world::World,
};

/// One GraphQL request.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) query: String,
    pub(crate) variables: Map<String, Value>,
    /// The two as they are sent.
    pub(crate) body: Bytes,
    pub(crate) authorization: Option<HeaderValue>,
}

impl Question {
    pub(crate) fn new(query: impl Into<String>) -> Self {
        Self::with_variables(query, Map::new())
    }

    pub(crate) fn with_variables(query: impl Into<String>, variables: Map<String, Value>) -> Self {
        let query = query.into();
        let body = serde_json::json!({ "query": query, "variables": variables });
        Self {
            body: body.to_string().into(),
            query,
            variables,
            authorization: None,
        }
    }

    /// Asked by the client of this number.
    #[must_use]
    pub(crate) fn of_client(mut self, number: usize) -> Self {
        let value = HeaderValue::try_from(format!("Bearer client-{number}"));
        self.authorization = Some(value.expect("digits and letters"));
        self
    }
}

/// What is timed as one: stages after each other, the questions of a stage (by number) at the same time as far as
/// there are lanes.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) stages: Vec<Vec<usize>>,
}

/// Everything that one case asks.
pub(crate) struct Work {
    pub(crate) questions: Vec<Question>,
    pub(crate) units: Vec<Unit>,
    /// Connections a client.
    pub(crate) lanes: usize,
    /// Each client goes through the units, from a place of its own; else it has one of its own.
    pub(crate) walked: bool,
    /// The answers' lengths by question, where they are not what the first answers had.
    pub(crate) lengths: Option<Arc<Vec<usize>>>,
    judge: Arc<Judge>,
}

/// Knows the right answers.
pub(crate) struct Judge {
    pub(crate) world: World,
    pub(crate) api: Valid<Schema>,
}

impl Work {
    /// Each question is a unit.
    pub(crate) fn each(questions: Vec<Question>, judge: Arc<Judge>) -> Self {
        let unit = |number| Unit {
            stages: vec![vec![number]],
        };
        Self {
            units: (0..questions.len()).map(unit).collect(),
            questions,
            lanes: 1,
            walked: false,
            lengths: None,
            judge,
        }
    }

    /// Units of one question each, by number, that the clients go through. Lengths are those of our own answers, for to ask each
    /// question beforehand would fill caches.
    pub(crate) fn walk(questions: Vec<Question>, units: &[usize], judge: Arc<Judge>) -> anyhow::Result<Self> {
        let mut work = Self::each(questions, judge);
        let unit = |number: &usize| Unit {
            stages: vec![vec![*number]],
        };
        work.units = units.iter().map(unit).collect();
        work.walked = true;
        let length = |question| work.answer(question).map(|answer| answer.body.len());
        let lengths: Vec<usize> = work.questions.iter().map(length).collect::<anyhow::Result<_>>()?;
        work.lengths = Some(Arc::new(lengths));
        Ok(work)
    }

    /// One unit: the first question, then all others over `lanes` connections.
    pub(crate) fn first_then_others(questions: Vec<Question>, lanes: usize, judge: Arc<Judge>) -> Self {
        let stages = vec![vec![0], (1..questions.len()).collect()];
        Self {
            units: vec![Unit { stages }],
            questions,
            lanes,
            walked: false,
            lengths: None,
            judge,
        }
    }

    /// The right `data`.
    pub(crate) fn expected(&self, question: &Question) -> anyhow::Result<Value> {
        let answer = self.answer(question)?;
        let mut answer: Value = serde_json::from_slice(&answer.body).context("our own answer is JSON")?;
        Ok(answer["data"].take())
    }

    fn answer(&self, question: &Question) -> anyhow::Result<Answer> {
        let Judge { world, api } = &*self.judge;
        answer(world, api, &question.query, &question.variables)
    }
}

/// Takes out when products were changed, which is not the same everywhere.
pub(crate) fn without_changes(data: &mut Value) {
    match data {
        Value::Object(fields) => {
            fields.remove("changed");
            fields.values_mut().for_each(without_changes);
        }
        Value::Array(items) => items.iter_mut().for_each(without_changes),
        _ => {}
    }
}
