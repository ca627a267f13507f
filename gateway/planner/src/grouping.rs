//! Which drafts become one request, and what that costs.

use std::collections::BTreeSet;

use causeway_model::SubgraphId;

use crate::draft::{DraftKind, Drafts, FetchDraft, NodeId};

/// Drafts that become one request.
pub(crate) struct Group {
    pub(crate) subgraph: SubgraphId,
    /// Groups before this one, by index.
    pub(crate) depends_on: BTreeSet<usize>,
    /// Indexes of drafts; one for a root fetch.
    pub(crate) members: Vec<usize>,
    is_root: bool,
}

/// What a plan costs; less is better, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost {
    pub(crate) requests: usize,
    /// Requests that wait for each other in the longest chain.
    pub(crate) depth: usize,
    /// Fields in all documents.
    pub(crate) fields: usize,
}

impl Cost {
    /// More than any plan costs.
    pub(crate) const NONE: Self = Self {
        requests: usize::MAX,
        depth: usize::MAX,
        fields: usize::MAX,
    };

    pub(crate) fn of(drafts: &Drafts) -> Self {
        let groups = group(drafts);
        let mut depths: Vec<usize> = Vec::with_capacity(groups.len());
        for group in &groups {
            let before = group.depends_on.iter().map(|dep| depths[*dep]).max();
            depths.push(before.unwrap_or(0) + 1);
        }
        Self {
            requests: groups.len(),
            depth: depths.into_iter().max().unwrap_or(0),
            fields: drafts.nodes.iter().map(|node| node.fields.len()).sum(),
        }
    }
}

/// Groups in topological order. Entity fetches to one subgraph that can leave at the same moment, i.e. wait for the same fetches,
/// become one request with several `_entities` fields.
pub(crate) fn group(drafts: &Drafts) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of: Vec<Option<usize>> = Vec::with_capacity(drafts.fetches.len());
    let needed: BTreeSet<usize> = drafts
        .fetches
        .iter()
        .flat_map(|fetch| fetch.depends_on.iter().copied())
        .collect();
    for (index, draft) in drafts.fetches.iter().enumerate() {
        if is_empty(drafts, draft) && !needed.contains(&index) {
            group_of.push(None);
            continue;
        }
        let depends_on: BTreeSet<usize> = draft.depends_on.iter().filter_map(|dep| group_of[*dep]).collect();
        let is_root = matches!(draft.kind, DraftKind::Root { .. });
        let held = groups.iter().position(|group| {
            !is_root && !group.is_root && group.subgraph == draft.subgraph && group.depends_on == depends_on
        });
        let target = held.unwrap_or_else(|| {
            groups.push(Group {
                subgraph: draft.subgraph,
                depends_on,
                members: Vec::new(),
                is_root,
            });
            groups.len() - 1
        });
        groups[target].members.push(index);
        group_of.push(Some(target));
    }
    groups
}

fn is_empty(drafts: &Drafts, draft: &FetchDraft) -> bool {
    let empty = |node: NodeId| drafts.node(node).fields.is_empty() && drafts.node(node).fragments.is_empty();
    match &draft.kind {
        DraftKind::Root { node } => empty(*node),
        // A hop that only tells the types of an interface object's entities brings something, too.
        DraftKind::Entities { targets, .. } => targets
            .iter()
            .all(|target| empty(target.node) && !drafts.node(target.node).typename),
    }
}
