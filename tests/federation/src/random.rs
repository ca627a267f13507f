//! Random graphs, data and operations, and the comparison of gateway and monolith over them.
//!
//! Everything is drawn from [`Tapes`], so that a failure can be made smaller by making its tapes smaller.

mod choices;
mod compare;
mod data;
mod graphs;
mod operations;
mod shrink;

use serde_json::Value;

use crate::{Cached, Gateway};
pub(crate) use choices::Choices;
use compare::{Question, compare, compare_cached};

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
    let Some(made) = data::world(&gateway, &mut Choices::new(&tapes.data)) else {
        return Verdict::NotComposed("DATA: no value satisfies all subgraphs".to_owned());
    };
    let mut choices = Choices::new(&tapes.operations);
    let mut equal = 0;
    // With all labels of progressive overrides off, and with all on.
    let labels = [Vec::new(), gateway.supergraph().labels.clone()];
    let caches = labels.each_ref().map(|on| Cached::new(&gateway, &made.world, on));
    for number in 0..OPERATIONS {
        let mutation = number == OPERATIONS - 1;
        let Some((text, variables)) =
            operations::operation(&gateway.supergraph().api_schema, mutation, &mut choices)
        else {
            continue;
        };
        // Fields of one response key may not fit together; such an operation says nothing.
        let Ok(expected) = gateway.oracle(&made.world, &text, &variables) else {
            continue;
        };
        let compare = |(on, cached): (&Vec<String>, &Cached)| {
            let question = Question {
                world: &made.world,
                text: &text,
                variables: &variables,
                labels: on,
                has_null_keys: made.has_null_keys,
            };
            let direct = compare(&gateway, &question, &expected);
            direct.or_else(|| match mutation {
                // Not even asked for twice.
                true => None,
                false => compare_cached(&gateway, cached, &question, &expected),
            })
        };
        if let Some((kind, why)) = labels.iter().zip(&caches).find_map(compare) {
            let sdl: String = subgraphs
                .iter()
                .map(|(name, sdl)| format!("# {name}\n{sdl}\n"))
                .collect();
            let report = format!(
                "{why}\n\noperation\n{text}\nvariables {}\n\n{sdl}\ndata\n{}",
                Value::from(variables),
                made.text
            );
            return Verdict::Different(Difference { kind, report });
        }
        equal += 1;
    }
    Verdict::Equal(equal)
}
