//! A plan, for people and for tools.

mod naive;

use std::fmt::Write as _;

use apollo_compiler::ast::OperationType;
use causeway_model::{
    Conjunction, ContextSource, ContextValue, Deferral, EntityPlace, EntityTarget, Fetch, FetchTarget, Guard,
    Name, PathSegment, QueryPlan, Supergraph,
};
use serde::Serialize;

pub use naive::{NaivePlan, naive};

/// Of [`ExplainedPlan`]; goes up when a member changes its meaning or goes away. New members may come at any time.
const VERSION: u32 = 1;

/// A plan as JSON: what `causeway plan --format json` prints and `Causeway-Explain` returns. docs/query-plans.md tells it to those
/// who read it.
#[derive(Debug, Serialize)]
pub struct ExplainedPlan {
    pub version: u32,
    /// `query`, `mutation` or `subscription`. Of a subscription the first fetch is made once; the others for each event.
    pub operation: &'static str,
    /// Calls to subgraphs when every fetch runs once: the most that this operation makes.
    pub calls: usize,
    /// Fetches that wait for each other in the longest chain.
    pub depth: usize,
    /// The operation's `@defer`s. A fetch whose `when` says `deferred` is only needed for one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<Deferral>,
    pub fetches: Vec<ExplainedFetch>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedFetch {
    /// Counted from 1.
    pub id: usize,
    pub subgraph: String,
    /// Fetches that this one waits for.
    pub after: Vec<usize>,
    pub document: String,
    /// The client's variables that are sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Under which `@skip`, `@include` and `@defer` it is made, e.g. `$a and not $b`, `deferred "label"`; always, when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Entities that are loaded; empty for a root fetch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<ExplainedEntities>,
}

#[derive(Debug, Serialize)]
pub struct ExplainedEntities {
    /// Where they stand in the response, e.g. `orders.nodes.buyer`; lists are walked through.
    pub path: String,
    /// E.g. `User(id)`: the type and what is sent for it.
    pub representations: Vec<String>,
    /// What arguments are filled from, for each variable: the places where the value may stand, the nearest first. There is one
    /// `_entities` field for each combination of values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<Vec<String>>,
}

pub fn explain_json(plan: &QueryPlan, supergraph: &Supergraph) -> ExplainedPlan {
    let mut depths: Vec<usize> = Vec::with_capacity(plan.fetches.len());
    for fetch in &plan.fetches {
        let before = fetch
            .depends_on
            .iter()
            .map(|dep| depths[dep.index()])
            .max()
            .unwrap_or(0);
        depths.push(before + 1);
    }
    ExplainedPlan {
        version: VERSION,
        operation: plan.operation_type.name(),
        calls: plan.fetches.len(),
        depth: depths.into_iter().max().unwrap_or(0),
        deferred: plan.deferred.clone(),
        fetches: plan
            .fetches
            .iter()
            .enumerate()
            .map(|(index, fetch)| ExplainedFetch {
                id: index + 1,
                subgraph: supergraph.subgraph(fetch.subgraph).name.clone(),
                after: fetch.depends_on.iter().map(|dep| dep.index() + 1).collect(),
                document: fetch.document.to_string(),
                variables: fetch.variables.iter().map(ToString::to_string).collect(),
                when: when(plan, &fetch.guard),
                entities: entities(plan, fetch),
            })
            .collect(),
    }
}

fn when(plan: &QueryPlan, guard: &Guard) -> Option<String> {
    let bits = |set: u64| {
        let conditions = plan.conditions.iter().enumerate();
        conditions
            .filter(move |(bit, _)| set >> bit & 1 == 1)
            .map(|(_, name)| name)
    };
    let deferrals = |set: u64| {
        let deferred = plan.deferred.iter().enumerate();
        deferred
            .filter(move |(index, _)| set & Conjunction::deferral(*index).when_true != 0)
            .map(|(_, deferral)| match &deferral.label {
                Some(label) => format!("deferred \"{label}\""),
                None => "deferred".to_owned(),
            })
    };
    let terms = guard.terms().iter().map(|term| {
        let deferred = deferrals(term.when_true);
        let included = bits(term.when_true).map(|name| format!("${name}"));
        let skipped = bits(term.when_false).map(|name| format!("not ${name}"));
        deferred
            .chain(included)
            .chain(skipped)
            .collect::<Vec<_>>()
            .join(" and ")
    });
    (!guard.is_always()).then(|| terms.collect::<Vec<_>>().join(" or "))
}

fn entities(plan: &QueryPlan, fetch: &Fetch) -> Vec<ExplainedEntities> {
    let FetchTarget::Entities(calls) = &fetch.target else {
        return Vec::new();
    };
    calls
        .iter()
        .flat_map(|call| &call.places)
        .map(|place| ExplainedEntities {
            path: path(plan, &place.path),
            representations: representations(&place.targets),
            contexts: place
                .contexts
                .iter()
                .map(|sources| contexts(plan, place, sources))
                .collect(),
        })
        .collect()
}

fn contexts(plan: &QueryPlan, place: &EntityPlace, sources: &[ContextSource]) -> Vec<String> {
    let mut told = Vec::new();
    for source in sources {
        let mut stack: Vec<(Vec<PathSegment>, &ContextValue)> = Vec::new();
        let mut above = place.path[..source.depth].to_vec();
        let push = |stack: &mut Vec<_>, above: &[PathSegment], only_in: &[Name], values| {
            for value in values {
                let value: &ContextValue = value;
                let types = if value.only_for.is_empty() {
                    only_in
                } else {
                    &value.only_for
                };
                let segment = PathSegment {
                    key: value.key,
                    only_in: types.to_vec(),
                    lists: 0,
                };
                stack.push(([above, &[segment]].concat(), value));
            }
        };
        push(&mut stack, &above, &source.only_in, &source.values);
        stack.reverse();
        while let Some((way, value)) = stack.pop() {
            if value.below.is_empty() {
                told.push(path(plan, &way));
            }
            above.clone_from(&way);
            push(&mut stack, &above, &[], &value.below);
        }
    }
    told
}

/// Types that are sent under one name, all alike, are told once.
fn representations(targets: &[EntityTarget]) -> Vec<String> {
    let mut told: Vec<String> = Vec::with_capacity(targets.len());
    for target in targets {
        let representation = &target.representation;
        let alike = targets
            .iter()
            .filter(|other| other.representation == *representation);
        let name = if alike.count() > 1 {
            &representation.typename
        } else {
            &target.concrete_type
        };
        let fields: Vec<&str> = representation
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        let text = format!("{name}({})", fields.join(", "));
        if !told.contains(&text) {
            told.push(text);
        }
    }
    told
}

fn path(plan: &QueryPlan, segments: &[PathSegment]) -> String {
    let mut text = String::new();
    for segment in segments {
        if !text.is_empty() {
            text.push('.');
        }
        if !segment.only_in.is_empty() {
            let types: Vec<&str> = segment.only_in.iter().map(|name| name.as_str()).collect();
            let _ = write!(text, "[{}].", types.join("|"));
        }
        text.push_str(&plan.keys[segment.key.0 as usize]);
    }
    text
}

/// A plan as a tree: each fetch stands below the last of those that it waits for.
///
/// ```text
/// 3 subgraph calls, 2 deep
/// └─ 1 orders   {orders(first:20){…}}
///    ├─ 2 users    User(id) at orders.nodes.buyer
///    └─ 3 catalog  Product(id) at orders.nodes.lines.product
/// ```
pub fn explain(plan: &QueryPlan, supergraph: &Supergraph) -> String {
    let explained = explain_json(plan, supergraph);
    let is_subscription = plan.operation_type == OperationType::Subscription;
    let once = usize::from(is_subscription);
    let calls = explained.calls - once;
    let plural = if calls == 1 { "" } else { "s" };
    let each = if is_subscription { " for each event" } else { "" };
    let mut text = format!(
        "{calls} subgraph call{plural}{each}, {} deep\n",
        explained.depth - once
    );
    let width = explained
        .fetches
        .iter()
        .map(|fetch| fetch.subgraph.chars().count())
        .max()
        .unwrap_or(0);
    Tree {
        is_subscription,
        fetches: &explained.fetches,
        width,
    }
    .children(&mut text, None, "");
    text
}

struct Tree<'a> {
    is_subscription: bool,
    fetches: &'a [ExplainedFetch],
    width: usize,
}

impl Tree<'_> {
    fn children(&self, text: &mut String, parent: Option<usize>, indent: &str) {
        let children: Vec<&ExplainedFetch> = self
            .fetches
            .iter()
            .filter(|fetch| fetch.after.last().copied() == parent)
            .collect();
        for (position, fetch) in children.iter().enumerate() {
            let last = position + 1 == children.len();
            let (branch, below) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            let line = self.line(fetch);
            let _ = writeln!(text, "{indent}{branch}{line}");
            let below = format!("{indent}{below}");
            let has_children = self
                .fetches
                .iter()
                .any(|other| other.after.last() == Some(&fetch.id));
            let bar = if has_children { "│  " } else { "   " };
            let _ = writeln!(text, "{below}{bar}{}", fetch.document);
            self.children(text, Some(fetch.id), &below);
        }
    }

    fn line(&self, fetch: &ExplainedFetch) -> String {
        let mut line = match fetch.after.is_empty() && self.is_subscription {
            true => format!("{} Subscribe({})", fetch.id, fetch.subgraph),
            false => format!("{} {:width$}", fetch.id, fetch.subgraph, width = self.width),
        };
        let places: Vec<String> = fetch
            .entities
            .iter()
            .map(|entities| {
                let contexts = entities
                    .contexts
                    .iter()
                    .map(|places| format!(" by {}", places.join(" or ")));
                let contexts: String = contexts.collect();
                format!(
                    "{} at {}{contexts}",
                    entities.representations.join(" | "),
                    entities.path
                )
            })
            .collect();
        if !places.is_empty() {
            let _ = write!(line, "  {}", places.join("; "));
        }
        if let [others @ .., _] = fetch.after.as_slice()
            && !others.is_empty()
        {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            let _ = write!(line, "  (after {} too)", others.join(", "));
        }
        if let Some(when) = &fetch.when {
            let _ = write!(line, "  (when {when})");
        }
        line.trim_end().to_owned()
    }
}
