//! Which drafts become one request, and what that costs.

mod sharing;

use std::collections::{BTreeMap, BTreeSet};

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

    /// Of drafts as they are, before requests are joined that leave at different moments: what it counts only grows while more is
    /// drafted.
    pub(crate) fn so_far(drafts: &Drafts) -> Self {
        Self::with(drafts, &leaving_together(drafts))
    }

    /// Of a plan that is complete.
    pub(crate) fn of(drafts: &Drafts) -> Self {
        Self::with(drafts, &requests(drafts))
    }

    fn with(drafts: &Drafts, groups: &[Group]) -> Self {
        Self {
            requests: groups.len(),
            depth: depth(groups),
            fields: drafts.nodes.iter().map(|node| node.fields.len()).sum(),
        }
    }
}

/// Whether no plan that these drafts are a part of is below `best`, or such a plan is unlikely: one that has more than `apart` requests
/// before any are joined that leave at different moments.
pub(crate) fn is_hopeless(drafts: &Drafts, best: Cost, apart: usize) -> bool {
    let groups = leaving_together(drafts);
    if groups.len() < best.requests || groups.len() > apart {
        return groups.len() > apart;
    }
    let requests = kept_apart(&groups);
    let least = || Cost {
        requests,
        ..Cost::with(drafts, &groups)
    };
    requests >= best.requests && least() >= best
}

/// Requests that there are at least, whatever is joined: of those to one subgraph, the ones that wait for each other stay apart.
fn kept_apart(groups: &[Group]) -> usize {
    let subgraphs = groups.iter().map(|group| group.subgraph.index() + 1).max();
    let subgraphs = subgraphs.unwrap_or(0);
    // For each group a row: how many requests to each subgraph are in a chain up to it.
    let mut chains = vec![0; groups.len() * subgraphs];
    let mut longest = vec![0; subgraphs];
    let mut roots = 0;
    for (index, group) in groups.iter().enumerate() {
        let (before, rest) = chains.split_at_mut(index * subgraphs);
        let chain = &mut rest[..subgraphs];
        for dep in &group.depends_on {
            let held = &before[dep * subgraphs..][..subgraphs];
            chain
                .iter_mut()
                .zip(held)
                .for_each(|(length, held)| *length = held.max(length).to_owned());
        }
        if group.is_root {
            roots += 1;
        } else {
            let at = group.subgraph.index();
            chain[at] += 1;
            longest[at] = chain[at].max(longest[at]);
        }
    }
    roots + longest.iter().sum::<usize>()
}

/// The requests of a plan, in topological order. Entity fetches to one subgraph become one request with several `_entities` fields
/// where the plan does not get deeper by it: one of them may have to wait, but not the response.
pub(crate) fn requests(drafts: &Drafts) -> Vec<Group> {
    let mut groups = leaving_together(drafts);
    if let Some(moments) = &drafts.moments {
        return leaving_at(groups, moments);
    }
    while let Some((one, other)) = mergeable(&groups) {
        groups = merge(groups, one, other);
    }
    groups
}

/// Settles when the requests of a plan leave, where joining the closest ones first is not the best for it and it may be
/// below `best`. Gives what it costs. Takes what this takes out of `fuel`: pairs of requests are looked at, and moments.
pub(crate) fn settle(drafts: &mut Drafts, best: Cost, fuel: &mut usize) -> Cost {
    let cost = Cost::of(drafts);
    let apart = leaving_together(drafts);
    if cost.requests == apart.len() {
        return cost;
    }
    *fuel = fuel.saturating_sub(apart.len() * apart.len() / 8);
    let wanted = cost.requests.min(best.requests.saturating_add(1));
    drafts.moments = sharing::moments(&apart, depth(&apart), wanted, fuel);
    match drafts.moments {
        Some(_) => Cost::of(drafts),
        None => cost,
    }
}

/// Lets requests wait to be shared, for a plan that is cheaper than `best` and no deeper. Tells whether there is one.
pub(crate) fn wait(drafts: &mut Drafts, best: Cost) -> bool {
    let apart = leaving_together(drafts);
    if depth(&apart) >= best.depth {
        return false;
    }
    let mut fuel = usize::MAX;
    let found = sharing::moments(&apart, best.depth, best.requests, &mut fuel)
        .or_else(|| sharing::moments(&apart, best.depth - 1, best.requests + 1, &mut fuel));
    let is_found = found.is_some();
    if is_found {
        drafts.moments = found;
    }
    is_found
}

fn depth(groups: &[Group]) -> usize {
    earliest(groups).into_iter().max().unwrap_or(0)
}

/// Joins the entity requests to one subgraph that leave at the same moment.
fn leaving_at(groups: Vec<Group>, moments: &[usize]) -> Vec<Group> {
    let mut held: BTreeMap<(SubgraphId, usize), usize> = BTreeMap::new();
    let mut joined: Vec<Group> = Vec::new();
    let mut place: Vec<usize> = Vec::with_capacity(groups.len());
    for (group, moment) in groups.into_iter().zip(moments) {
        let at = match group.is_root {
            true => joined.len(),
            false => *held.entry((group.subgraph, *moment)).or_insert(joined.len()),
        };
        place.push(at);
        match joined.get_mut(at) {
            Some(held) => {
                held.depends_on.extend(group.depends_on);
                held.members.extend(group.members);
            }
            None => joined.push(group),
        }
    }
    for group in &mut joined {
        group.depends_on = group.depends_on.iter().map(|dep| place[*dep]).collect();
    }
    sorted(joined)
}

/// For each request, when it can leave at the earliest, counted in requests that wait for each other.
fn earliest(groups: &[Group]) -> Vec<usize> {
    let mut earliest: Vec<usize> = Vec::with_capacity(groups.len());
    for group in groups {
        let before = group.depends_on.iter().map(|dep| earliest[*dep]).max();
        earliest.push(before.unwrap_or(0) + 1);
    }
    earliest
}

/// For each request, when it has to leave at the latest if the plan is not to get deeper.
fn latest(groups: &[Group], depth: usize) -> Vec<usize> {
    let mut latest = vec![depth; groups.len()];
    for (index, group) in groups.iter().enumerate().rev() {
        for dep in &group.depends_on {
            latest[*dep] = latest[*dep].min(latest[index] - 1);
        }
    }
    latest
}

/// Two requests that may become one: those that can leave closest to each other first.
fn mergeable(groups: &[Group]) -> Option<(usize, usize)> {
    let earliest = earliest(groups);
    let latest = latest(groups, earliest.iter().copied().max().unwrap_or(0));
    let mut best: Option<(usize, (usize, usize))> = None;
    for (other, group) in groups.iter().enumerate() {
        for one in 0..other {
            if group.is_root || groups[one].is_root || groups[one].subgraph != group.subgraph {
                continue;
            }
            let waiting = earliest[one].abs_diff(earliest[other]);
            let in_time = earliest[one].max(earliest[other]) <= latest[one].min(latest[other]);
            // Only one that leaves later can wait for the other.
            let (sooner, later) = if earliest[one] < earliest[other] {
                (one, other)
            } else {
                (other, one)
            };
            if in_time
                && best.is_none_or(|(held, _)| waiting < held)
                && (waiting == 0 || !waits_for(groups, later, sooner))
            {
                best = Some((waiting, (one, other)));
            }
            if waiting == 0 && in_time {
                return Some((one, other));
            }
        }
    }
    best.map(|(_, pair)| pair)
}

fn waits_for(groups: &[Group], group: usize, wanted: usize) -> bool {
    let mut open = vec![group];
    let mut seen = BTreeSet::new();
    while let Some(next) = open.pop() {
        if next == wanted {
            return true;
        }
        if seen.insert(next) {
            open.extend(groups[next].depends_on.iter().copied());
        }
    }
    false
}

fn merge(mut groups: Vec<Group>, one: usize, other: usize) -> Vec<Group> {
    let gone = groups.remove(other);
    groups[one].depends_on.extend(gone.depends_on);
    groups[one].members.extend(gone.members);
    for group in &mut groups {
        group.depends_on = group
            .depends_on
            .iter()
            .map(|dep| match *dep {
                dep if dep == other => one,
                dep if dep > other => dep - 1,
                dep => dep,
            })
            .collect();
    }
    sorted(groups)
}

/// Topological order is lost where a request waits for more than before.
fn sorted(groups: Vec<Group>) -> Vec<Group> {
    let mut place: Vec<Option<usize>> = vec![None; groups.len()];
    let mut order: Vec<usize> = Vec::with_capacity(groups.len());
    while order.len() < groups.len() {
        let next = (0..groups.len()).find(|index| {
            place[*index].is_none() && groups[*index].depends_on.iter().all(|dep| place[*dep].is_some())
        });
        let next = next.expect("merged requests do not wait for each other");
        place[next] = Some(order.len());
        order.push(next);
    }
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|index| {
            let mut group = groups[index].take()?;
            group.depends_on = group.depends_on.iter().filter_map(|dep| place[*dep]).collect();
            Some(group)
        })
        .collect()
}

/// Groups of drafts that leave at the same moment, i.e. wait for the same fetches, in topological order.
fn leaving_together(drafts: &Drafts) -> Vec<Group> {
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
