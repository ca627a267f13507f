//! Random graphs, data and operations, and the comparison of gateway and monolith over them.
//!
//! Everything is drawn from [`Tapes`], so that a failure can be made smaller by making its tapes smaller.

mod choices;
mod data;
mod graphs;
mod operations;
mod shrink;

use serde_json::{Map, Value, json};

use crate::{Gateway, World};
pub(crate) use choices::Choices;

pub use choices::Tapes;
pub use shrink::shrink;

/// Operations that are drawn for one graph and its data.
pub const OPERATIONS: usize = 10;

/// What became of one set of tapes.
#[derive(Debug)]
pub enum Verdict {
    /// The subgraphs do not compose; the codes say why.
    NotComposed(String),
    /// This many operations gave what the monolith gives.
    Equal(usize),
    Different(Difference),
}

#[derive(Debug)]
pub struct Difference {
    /// A few words, the same for failures of one kind.
    pub kind: String,
    /// All that is needed to see it again.
    pub report: String,
}

/// Draws a graph, data and operations, and compares.
pub fn judge(tapes: &Tapes) -> Verdict {
    let subgraphs = graphs::subgraphs(&mut Choices::new(&tapes.graph));
    let gateway = match Gateway::new(&subgraphs) {
        Ok(gateway) => gateway,
        Err(why) => return Verdict::NotComposed(why),
    };
    let Some(world) = data::world(&gateway.graph, &mut Choices::new(&tapes.data)) else {
        return Verdict::NotComposed("DATA: no value satisfies all subgraphs".to_owned());
    };
    let mut choices = Choices::new(&tapes.operations);
    let mut equal = 0;
    for number in 0..OPERATIONS {
        let mutation = number == OPERATIONS - 1;
        let Some((text, variables)) =
            operations::operation(&gateway.supergraph().api_schema, mutation, &mut choices)
        else {
            continue;
        };
        // Fields of one response key may not fit together; such an operation says nothing.
        let Ok(expected) = gateway.oracle(&world.0, &text, &variables) else {
            continue;
        };
        if let Some((kind, why)) = compare(&gateway, &world.0, &text, &variables, &expected) {
            let sdl: String = subgraphs
                .iter()
                .map(|(name, sdl)| format!("# {name}\n{sdl}\n"))
                .collect();
            let report = format!(
                "{why}\n\noperation\n{text}\nvariables {}\n\n{sdl}\ndata\n{}",
                Value::from(variables),
                world.1
            );
            return Verdict::Different(Difference { kind, report });
        }
        equal += 1;
    }
    Verdict::Equal(equal)
}

fn compare(
    gateway: &Gateway,
    world: &World,
    text: &str,
    variables: &Map<String, Value>,
    expected: &(Value, Vec<Value>),
) -> Option<(String, String)> {
    let answer = match gateway.answer(world, text, variables) {
        Ok(answer) => answer,
        Err(why) => return Some(("no plan".to_owned(), why)),
    };
    let violations = answer.violations();
    if let Some(first) = violations.first() {
        let kind: String = first
            .split_whitespace()
            .skip(2)
            .take(4)
            .collect::<Vec<_>>()
            .join(" ");
        return Some((
            format!("violation: {kind}"),
            format!("{}\n{}", violations.join("\n"), answer.plan),
        ));
    }
    if expected.0 != answer.data {
        let why = format!(
            "expected {}\ngot      {}\nerrors   {}\n{}",
            expected.0,
            answer.data,
            json!(answer.errors),
            answer.plan
        );
        return Some(("data".to_owned(), why));
    }
    (!answer.errors.is_empty()).then(|| {
        (
            "errors".to_owned(),
            format!("{}\n{}", json!(answer.errors), answer.plan),
        )
    })
}
