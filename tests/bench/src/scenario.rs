//! The scenarios: what each asks, with how many clients, over how slow subgraphs.

pub(crate) mod hot;

use std::{sync::Arc, time::Duration};

use serde_json::{Map, json};

use crate::{
    work::{Judge, Question, Work},
    world::{BIG_ORDER, PRODUCTS, USERS},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Deep,
    NPlusOne,
    Crowd,
    Small,
    Mutations,
    Memory,
    Hot,
}

/// One way to ask; a scenario compares one or several.
pub(crate) struct Case {
    /// Empty, or told behind the gateway's name.
    pub(crate) label: &'static str,
    pub(crate) work: Arc<Work>,
}

const DEEP: &str = "query Deep {
  users(first: 10) {
    id name
    orders(first: 2) {
      id placedAt
      lines {
        quantity
        product {
          id name description stars price { minor currency }
          reviews {
            id text stars
            author { id name tier lastBought { id name price { minor } } }
          }
        }
      }
    }
  }
}";

const SMALL: &str = "query Small { products(first: 10) { id name price { minor currency } } }";

const REPEAT: &str = "mutation Repeat($id: ID!) {
  repeatOrder(id: $id) { id buyer { id name tier } lines { quantity product { id name price { minor currency } } } }
}";

impl Scenario {
    pub(crate) const ALL: [Self; 7] = [
        Self::Deep,
        Self::NPlusOne,
        Self::Crowd,
        Self::Small,
        Self::Mutations,
        Self::Memory,
        Self::Hot,
    ];

    /// As on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Deep => "deep",
            Self::NPlusOne => "n_plus_one",
            Self::Crowd => "crowd",
            Self::Small => "small",
            Self::Mutations => "mutations",
            Self::Memory => "memory",
            Self::Hot => "hot",
        }
    }

    /// Clients, where the command line gives no number.
    pub(crate) fn clients(self) -> usize {
        match self {
            Self::Deep | Self::Small | Self::Mutations | Self::Hot => 50,
            Self::NPlusOne => 1,
            Self::Crowd => 200,
            Self::Memory => 500,
        }
    }

    /// What every call to a subgraph waits.
    pub(crate) fn latency(self) -> Duration {
        match self {
            Self::NPlusOne => Duration::from_millis(5),
            // Calls have to be under way at the same time, as between hosts, before anything can be shared.
            // And a cache is no gain over an answer that waits ready in the next process.
            Self::Crowd | Self::Hot => Duration::from_millis(2),
            _ => Duration::ZERO,
        }
    }

    /// Whether every unit is asked once, instead of for some time.
    pub(crate) fn once(self) -> bool {
        self == Self::Memory
    }

    /// What to ask in one round; only `memory` and `hot` ask other things in each, by that number.
    ///
    /// # Errors
    /// When the right answers cannot be told.
    pub(crate) fn cases(
        self,
        round: usize,
        operations: usize,
        judge: &Arc<Judge>,
    ) -> anyhow::Result<Vec<Case>> {
        let each = |questions| {
            vec![Case {
                label: "",
                work: Arc::new(Work::each(questions, Arc::clone(judge))),
            }]
        };
        Ok(match self {
            Self::Hot => vec![Case {
                label: "",
                work: Arc::new(hot::work(round, operations * 4, judge)?),
            }],
            Self::Deep => each(vec![Question::new(DEEP)]),
            Self::Small => each(vec![Question::new(SMALL)]),
            Self::Mutations => each((0..USERS).map(repeat).collect()),
            Self::Crowd => each((0..USERS).map(in_the_crowd).collect()),
            Self::Memory => each((0..operations).map(|number| distinct(round, number)).collect()),
            Self::NPlusOne => n_plus_one(judge),
        })
    }
}

fn repeat(user: usize) -> Question {
    let mut variables = Map::new();
    variables.insert("id".to_owned(), json!(format!("o{user}-1")));
    Question::with_variables(REPEAT, variables)
}

/// Another user, another document, and the same few products below.
fn in_the_crowd(client: usize) -> Question {
    let product = ["name", "name description", "name stars", "name stars description"][client % 4];
    let reviews = 1 + client % 3;
    let query = format!(
        "query Crowd{client} {{
  user(id: \"u{client}\") {{
    id name
    orders {{ id lines {{ quantity product {{
      id {product} price {{ minor currency }}
      reviews(first: {reviews}) {{ text author {{ name }} }}
    }} }} }}
  }}
}}"
    );
    Question::new(query).of_client(client)
}

fn distinct(round: usize, number: usize) -> Question {
    let product = number % PRODUCTS;
    Question::new(format!(
        "query Distinct {{
  product(id: \"p{product}\") {{
    id name
    reviews {{ said_{round}_{number}: text author {{ name tier lastBought {{ name }} }} }}
  }}
}}"
    ))
}

/// The order as one operation, and by clients that load each of its products by itself.
fn n_plus_one(judge: &Arc<Judge>) -> Vec<Case> {
    let whole = format!(
        "query Order {{ order(id: \"{BIG_ORDER}\") {{ id lines {{ quantity product {{ id name price {{ minor }} }} }} }} }}"
    );
    let by_itself = |lanes| {
        let lines = format!(
            "query Lines {{ order(id: \"{BIG_ORDER}\") {{ id lines {{ quantity product {{ id }} }} }} }}"
        );
        let product = |number| {
            let mut variables = Map::new();
            variables.insert("id".to_owned(), json!(format!("p{number}")));
            Question::with_variables(
                "query Product($id: ID!) { product(id: $id) { id name price { minor } } }",
                variables,
            )
        };
        let questions = std::iter::once(Question::new(lines))
            .chain((0..PRODUCTS).map(product))
            .collect();
        Arc::new(Work::first_then_others(questions, lanes, Arc::clone(judge)))
    };
    let whole = Work::each(vec![Question::new(whole)], Arc::clone(judge));
    vec![
        Case {
            label: "",
            work: Arc::new(whole),
        },
        Case {
            label: "one by one",
            work: by_itself(1),
        },
        Case {
            label: "all at once",
            work: by_itself(PRODUCTS),
        },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        graph::{Urls, compose},
        world::World,
    };

    fn judge() -> Arc<Judge> {
        Arc::new(Judge {
            world: World::new(),
            api: compose(&Urls::new()).unwrap().api,
        })
    }

    #[test]
    fn every_question_has_an_answer_without_nulls() {
        let judge = judge();
        for scenario in Scenario::ALL {
            for case in scenario.cases(0, 50, &judge).unwrap() {
                for question in case.work.questions.iter().take(300) {
                    let expected = case.work.expected(question).unwrap().to_string();
                    assert!(expected.len() > 30 && !expected.contains("null"), "{expected}");
                }
            }
        }
    }

    #[test]
    fn the_deep_answer_is_large_and_repeats_itself() {
        let judge = judge();
        let case = &Scenario::Deep.cases(0, 0, &judge).unwrap()[0];
        let answer = case.work.expected(&case.work.questions[0]).unwrap().to_string();
        assert!((85_000..95_000).contains(&answer.len()), "{} bytes", answer.len());
        assert!(answer.matches("Useful Thing No. 3\"").count() > 10);
    }

    #[test]
    fn the_crowd_and_the_operations_of_memory_are_all_different() {
        let judge = judge();
        let mut seen = HashSet::new();
        for round in 0..2 {
            for case in Scenario::Memory.cases(round, 1000, &judge).unwrap() {
                seen.extend(case.work.questions.iter().map(|question| question.query.clone()));
            }
        }
        assert_eq!(seen.len(), 2 * 1000);
        let crowd = &Scenario::Crowd.cases(0, 0, &judge).unwrap()[0].work;
        let documents: HashSet<&str> = crowd
            .questions
            .iter()
            .map(|question| question.query.as_str())
            .collect();
        assert_eq!(documents.len(), USERS);
    }

    #[test]
    fn hot_asks_for_few_products_often_and_changes_one_of_twenty_times() {
        let work = &Scenario::Hot.cases(0, 1000, &judge()).unwrap()[0].work;
        let asked: Vec<&Question> = work
            .units
            .iter()
            .map(|unit| &work.questions[unit.stages[0][0]])
            .collect();
        let count = |is: &dyn Fn(&Question) -> bool| asked.iter().filter(|question| is(question)).count();
        let writes = count(&|question| question.query == hot::CHANGE);
        assert!((140..=260).contains(&writes), "{writes} of 4000");
        let first = count(&|question| question.variables["id"] == "p0");
        assert!((140..=300).contains(&first), "{first} of 2000");
    }
}
