//! What tells whether a state was visited before.

use super::{Reachable, Stand, decided::Decided};

/// What decides what a state can do: where one stands and what can be entered. A place that one could enter just as well as
/// stand in counts as the former, so that all ways into a cluster of subgraphs with common keys look the same.
pub(super) struct View {
    stands: Vec<(Stand, bool)>,
    decided: Decided,
}

impl View {
    pub(super) fn new(stands: &[Stand], reachable: &Reachable, decided: Decided) -> Self {
        let enterable = |stand: &Stand| {
            stand.provided.is_none() && reachable.get(&stand.subgraph) == Some(&stand.type_name)
        };
        let entered = reachable.iter().map(|(subgraph, type_name)| Stand {
            subgraph: *subgraph,
            type_name: type_name.clone(),
            provided: None,
        });
        let mut all: Vec<(Stand, bool)> = entered.map(|stand| (stand, true)).collect();
        let only_stood_in = stands.iter().filter(|stand| !enterable(stand));
        all.extend(only_stood_in.map(|stand| (stand.clone(), false)));
        all.sort_by_key(|(stand, _)| stand.subgraph);
        Self { stands: all, decided }
    }

    /// Whether `larger` has all of this.
    pub(super) fn is_within(&self, larger: &Self) -> bool {
        let mut rest = larger.stands.as_slice();
        self.decided.is_within(&larger.decided)
            && self.stands.iter().all(|entry| {
                let start = rest.partition_point(|(stand, _)| stand.subgraph < entry.0.subgraph);
                rest = &rest[start..];
                rest.iter()
                    .take_while(|(stand, _)| stand.subgraph == entry.0.subgraph)
                    .any(|other| other == entry)
            })
    }
}
