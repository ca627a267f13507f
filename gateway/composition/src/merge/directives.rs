//! Directives on one element across subgraphs: repeatable ones are collected, the others agree or follow their
//! own rule (`@cost` the highest, authorisation all of them together).

use super::Context;
use super::default_value::{print, same_value};
use super::requirement::{conjunction, from_value, to_value};
use crate::diagnostic::Code;
use crate::spec::Fed;
use crate::subgraph::{Applied, Meaning};
use crate::supergraph::MergedDirective;
use apollo_compiler::ast::Value;
use apollo_compiler::{Name, Node};

type Arguments = Vec<(Name, Node<Value>)>;

pub(super) fn merge(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    sources: &[(usize, &[Applied])],
) -> Vec<MergedDirective> {
    let mut groups: Vec<(Meaning, Vec<(usize, &Applied)>)> = Vec::new();
    for (graph, applied) in sources {
        for directive in applied
            .iter()
            .filter(|directive| is_carried(cx, *graph, directive))
        {
            match groups
                .iter_mut()
                .find(|(meaning, _)| *meaning == directive.meaning)
            {
                Some((_, uses)) => uses.push((*graph, directive)),
                None => groups.push((directive.meaning.clone(), vec![(*graph, directive)])),
            }
        }
    }
    groups.sort_by(|a, b| a.0.cmp(&b.0));
    groups
        .into_iter()
        .flat_map(|(meaning, uses)| merge_group(cx, coordinate, meaning, &uses))
        .collect()
}

pub(super) fn of_schema(cx: &mut Context<'_, '_>) -> Vec<MergedDirective> {
    let sources: Vec<(usize, &[Applied])> = cx
        .subgraphs
        .iter()
        .enumerate()
        .map(|(graph, subgraph)| (graph, subgraph.schema_directives.as_slice()))
        .collect();
    merge(cx, "schema", &sources)
}

/// Whether a directive goes into the supergraph as a directive (others went in as `@join__` facts).
fn is_carried(cx: &Context<'_, '_>, graph: usize, directive: &Applied) -> bool {
    match &directive.meaning {
        Meaning::Fed(Fed::FromContext) => false,
        Meaning::Fed(Fed::CacheTag) => true,
        Meaning::Fed(fed) => fed.supergraph_spec().is_some(),
        Meaning::BuiltIn(_) => true,
        Meaning::Custom(name) => cx.composed.is_composed(cx.subgraphs, graph, name),
    }
}

fn merge_group(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    meaning: Meaning,
    uses: &[(usize, &Applied)],
) -> Vec<MergedDirective> {
    let distinct = distinct_arguments(uses);
    let name = uses[0].1.local.clone();
    let one = |arguments| MergedDirective {
        meaning: meaning.clone(),
        name: name.clone(),
        arguments,
    };
    let all = || {
        distinct
            .iter()
            .map(|(arguments, _)| one(arguments.clone()))
            .collect()
    };
    match &meaning {
        Meaning::Fed(Fed::Tag) => all(),
        Meaning::Fed(Fed::CacheTag) => distinct
            .iter()
            .map(|one| by_graph(cx, &meaning, "federation__cacheTag", one))
            .collect(),
        Meaning::Fed(Fed::Context) => uses
            .iter()
            .map(|(graph, applied)| one(context(cx, *graph, applied)))
            .collect(),
        Meaning::Custom(custom) if cx.composed.is_repeatable(custom) => all(),
        Meaning::Fed(fed @ (Fed::Cost | Fed::ListSize | Fed::RequiresScopes | Fed::Policy)) => {
            if distinct.len() > 1 {
                hint_merged(cx, coordinate, *fed, uses);
            }
            let merged = distinct
                .into_iter()
                .map(|(arguments, _)| arguments)
                .reduce(|a, b| combine(*fed, a, b));
            merged.map(one).into_iter().collect()
        }
        _ => {
            let most = distinct
                .iter()
                .map(|(_, graphs)| graphs.len())
                .max()
                .unwrap_or_default();
            let chosen = distinct
                .iter()
                .position(|(_, graphs)| graphs.len() == most)
                .unwrap_or_default();
            if distinct.len() > 1 {
                hint_inconsistent(cx, coordinate, uses, &distinct, chosen);
            }
            vec![one(distinct[chosen].0.clone())]
        }
    }
}

/// Contexts of two subgraphs are never the same one: the supergraph's name says whose it is.
fn context(cx: &Context<'_, '_>, graph: usize, applied: &Applied) -> Arguments {
    let name = applied
        .argument("name")
        .and_then(|value| value.as_str())
        .unwrap_or_default();
    let qualified = format!("{}__{name}", cx.name_of(graph));
    vec![(
        apollo_compiler::name!("name"),
        Node::new(Value::String(qualified)),
    )]
}

/// What belongs to some subgraphs alone: `@join__directive(graphs: […], name: "…", args: {…})`.
pub(super) fn by_graph(
    cx: &Context<'_, '_>,
    meaning: &Meaning,
    name: &str,
    (arguments, graphs): &(Arguments, Vec<usize>),
) -> MergedDirective {
    let ids = super::graphs::name(cx.subgraphs);
    let mut graphs: Vec<usize> = graphs.clone();
    graphs.dedup();
    let graphs = graphs
        .iter()
        .map(|graph| Node::new(Value::Enum(Name::new_unchecked(&ids[*graph].id))));
    let list = Value::List(graphs.collect());
    let name = Value::String(name.to_owned());
    let argument = |name: &'static str, value| (Name::new_static_unchecked(name), Node::new(value));
    MergedDirective {
        meaning: meaning.clone(),
        name: Name::new_static_unchecked("join__directive"),
        arguments: vec![
            argument("graphs", list),
            argument("name", name),
            argument("args", Value::Object(arguments.clone())),
        ],
    }
}

fn distinct_arguments(uses: &[(usize, &Applied)]) -> Vec<(Arguments, Vec<usize>)> {
    let mut distinct: Vec<(Arguments, Vec<usize>)> = Vec::new();
    for (graph, directive) in uses {
        match distinct
            .iter_mut()
            .find(|(known, _)| same_arguments(known, &directive.arguments))
        {
            Some((_, graphs)) => graphs.push(*graph),
            None => distinct.push((directive.arguments.clone(), vec![*graph])),
        }
    }
    distinct
}

fn same_arguments(a: &Arguments, b: &Arguments) -> bool {
    a.len() == b.len()
        && a.iter().all(|(name, value)| {
            b.iter()
                .any(|(other, found)| other == name && same_value(value, found))
        })
}

fn hint_merged(cx: &mut Context<'_, '_>, coordinate: &str, fed: Fed, uses: &[(usize, &Applied)]) {
    let how = match fed {
        Fed::Cost => "the highest weight",
        Fed::ListSize => "the largest size and all arguments and fields",
        _ => "all requirements together",
    };
    let message = format!(
        "@{} on \"{coordinate}\" has different arguments across subgraphs; the supergraph takes {how}",
        fed.name()
    );
    let places = uses.iter().map(|(graph, applied)| (*graph, applied.location));
    let diagnostic = cx.finding(
        Code::MergedNonRepeatableDirectiveArguments,
        coordinate,
        message,
        places,
    );
    cx.diagnostics.push(diagnostic);
}

fn hint_inconsistent(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    uses: &[(usize, &Applied)],
    distinct: &[(Arguments, Vec<usize>)],
    chosen: usize,
) {
    let show = |(arguments, _): &(Arguments, Vec<usize>)| {
        let parts: Vec<String> = arguments
            .iter()
            .map(|(name, value)| format!("{name}: {}", print(value)))
            .collect();
        format!("({})", parts.join(", "))
    };
    let others: Vec<String> = distinct
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != chosen)
        .map(|(_, group)| show(group))
        .collect();
    let message = format!(
        "@{} on \"{coordinate}\" has different arguments across subgraphs: the supergraph takes {} and drops {}",
        uses[0].1.local,
        show(&distinct[chosen]),
        others.join(" and ")
    );
    let places = uses.iter().map(|(graph, applied)| (*graph, applied.location));
    let diagnostic = cx.finding(
        Code::InconsistentNonRepeatableDirectiveArguments,
        coordinate,
        message,
        places,
    );
    cx.diagnostics
        .push(diagnostic.help("use the same arguments in all subgraphs"));
}

fn combine(fed: Fed, a: Arguments, b: Arguments) -> Arguments {
    let mut merged = a;
    for (name, value) in b {
        match merged.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = combine_values(fed, &name, known, &value),
            None => merged.push((name, value)),
        }
    }
    merged
}

fn combine_values(fed: Fed, name: &str, a: &Node<Value>, b: &Node<Value>) -> Node<Value> {
    match (fed, name) {
        (Fed::Cost, _) | (_, "assumedSize") => {
            if b.to_i32() > a.to_i32() {
                b.clone()
            } else {
                a.clone()
            }
        }
        (_, "slicingArguments" | "sizedFields") => union(a, b),
        (_, "requireOneSlicingArgument") => Node::new(Value::Boolean(
            a.to_bool().unwrap_or(true) && b.to_bool().unwrap_or(true),
        )),
        _ => to_value(&conjunction(&from_value(a), &from_value(b))),
    }
}

fn union(a: &Node<Value>, b: &Node<Value>) -> Node<Value> {
    let mut items: Vec<Node<Value>> = a.as_list().unwrap_or_default().to_vec();
    for item in b.as_list().unwrap_or_default() {
        if !items.contains(item) {
            items.push(item.clone());
        }
    }
    Node::new(Value::List(items))
}
