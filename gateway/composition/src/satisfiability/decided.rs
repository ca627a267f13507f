//! Labels of progressive overrides that a walk has decided: it looks at each in both states.

use std::collections::BTreeMap;

use causeway_graph::QueryGraph;
use causeway_model::{LabelId, LabelSet, Supergraph};

/// On or off, by label; the others have had no say yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Decided(BTreeMap<LabelId, bool>);

impl Decided {
    /// Both states of the first of `labels` that is open; `None` when none is.
    pub(super) fn split(&self, labels: impl IntoIterator<Item = LabelId>) -> Option<(Self, Self)> {
        let open = labels.into_iter().find(|label| !self.0.contains_key(label))?;
        let with = |on| {
            let mut decided = self.clone();
            decided.0.insert(open, on);
            decided
        };
        Some((with(false), with(true)))
    }

    pub(super) fn graph(&self, graph: &QueryGraph) -> QueryGraph {
        let on: LabelSet = self
            .0
            .iter()
            .filter(|(_, on)| **on)
            .map(|(label, _)| *label)
            .collect();
        graph.under(&on)
    }

    /// Whether `other` has decided all this, and in the same way.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|(label, on)| other.0.get(label) == Some(on))
    }

    /// E.g. `while the override label "percent(5)" is on`; `None` when nothing was decided.
    pub(super) fn told(&self, supergraph: &Supergraph) -> Option<String> {
        let states: Vec<String> = self
            .0
            .iter()
            .map(|(label, on)| {
                let state = if *on { "on" } else { "off" };
                format!("\"{}\" is {state}", supergraph.label(*label))
            })
            .collect();
        (!states.is_empty()).then(|| format!("while the override label {}", states.join(" and ")))
    }
}
