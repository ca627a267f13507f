//! A satisfiability error in words: the operation, and why no subgraph helps.

use apollo_compiler::Name;
use causeway_graph::QueryGraph;
use causeway_model::{FieldResolution, SubgraphId};

use super::{Reachable, Stand, State, Step, decided::Decided};
use crate::diagnostic::{Code, Diagnostic, name_subgraphs};

/// `graph` is the graph under the labels that `decided` has on.
pub(super) fn diagnostic(
    graph: &QueryGraph,
    state: &State,
    decided: &Decided,
    (field, field_type): (&Name, &Name),
) -> Diagnostic {
    let coordinate = format!("{}.{field}", state.ty);
    let operation = operation(graph, state, field, field_type);
    let supergraph = graph.supergraph();
    let mut reasons = Vec::new();
    for stand in &state.stands {
        let name = &supergraph.subgraph(stand.subgraph).name;
        reasons.push(format!(
            "- in subgraph \"{name}\", where this object comes from, {}",
            own_reason(graph, stand, field)
        ));
    }
    let elsewhere: Vec<SubgraphId> = supergraph
        .subgraph_ids()
        .filter(|id| !state.stands.iter().any(|stand| stand.subgraph == *id))
        .filter(|id| graph.answered_field(*id, &state.ty, field).is_some())
        .collect();
    for id in &elsewhere {
        let name = &supergraph.subgraph(*id).name;
        reasons.push(format!(
            "- subgraph \"{name}\" answers it, but {}",
            hop_reason(graph, state, *id)
        ));
    }
    let labels = decided
        .told(supergraph)
        .map_or_else(String::new, |told| format!(", {told}"));
    let message = format!(
        "`{coordinate}` cannot be answered where this operation asks for it{labels}:\n{operation}\n{}",
        reasons.join("\n")
    );
    let mut diagnostic = Diagnostic::new(Code::SatisfiabilityError, message).at(coordinate.clone());
    for id in state
        .stands
        .iter()
        .map(|stand| stand.subgraph)
        .chain(elsewhere.iter().copied())
    {
        diagnostic = diagnostic.in_subgraph(&supergraph.subgraph(id).name);
    }
    diagnostic.help(help(graph, state, &coordinate, &elsewhere))
}

/// About a field whose values' types nobody can tell.
pub(super) fn hidden_types(
    graph: &QueryGraph,
    state: &State,
    step: &Step,
    interface: &Name,
    resolvers: &[Stand],
) -> Diagnostic {
    let supergraph = graph.supergraph();
    let coordinate = format!("{}.{}", state.ty, step.field);
    let steps = state.steps.iter().cloned().chain([step.clone()]).collect();
    let below = State {
        operation: state.operation,
        steps,
        ty: interface.clone(),
        stands: Vec::new(),
        reachable: Reachable::new(),
        decided: Decided::default(),
    };
    let leaf = Name::new_static_unchecked("__typename");
    let operation = operation(graph, &below, &leaf, &leaf);
    let names: Vec<&str> = resolvers
        .iter()
        .map(|stand| supergraph.subgraph(stand.subgraph).name.as_str())
        .collect();
    let message = format!(
        "the concrete type of `{coordinate}` cannot be told where this operation asks for it:\n{operation}\n\
         - in {} `{interface}` is an @interfaceObject, which has no concrete types\n\
         - no subgraph where `{interface}` is an interface can be entered from there: none has a resolvable @key on the \
         interface that can be answered",
        name_subgraphs(names.iter().copied())
    );
    let mut diagnostic = Diagnostic::new(Code::SatisfiabilityError, message).at(coordinate);
    for name in names {
        diagnostic = diagnostic.in_subgraph(name);
    }
    diagnostic.help(format!(
        "give the interface `{interface}` a @key in a subgraph that has all its implementations, with the same fields as the \
         @key of the @interfaceObject"
    ))
}

fn help(graph: &QueryGraph, state: &State, coordinate: &str, elsewhere: &[SubgraphId]) -> String {
    let name = |id: SubgraphId| graph.supergraph().subgraph(id).name.clone();
    let from = state
        .stands
        .first()
        .map(|stand| name(stand.subgraph))
        .unwrap_or_default();
    match elsewhere.first() {
        Some(target) => format!(
            "give `{}` a @key in subgraph \"{}\" whose fields subgraph \"{from}\" can answer, or define `{coordinate}` \
             as @shareable in \"{from}\" as well",
            state.ty,
            name(*target),
        ),
        None => format!("let some subgraph answer `{coordinate}` without @external"),
    }
}

fn own_reason(graph: &QueryGraph, stand: &Stand, field: &Name) -> String {
    match graph.field(stand.subgraph, &stand.type_name, field) {
        None => format!("`{}` has no field `{field}`", stand.type_name),
        Some(definition) if graph.is_moved(definition) => {
            format!("`{field}` is another subgraph's while the label is so")
        }
        Some(definition) => match (definition.resolution, &definition.requires) {
            (FieldResolution::External, _) => format!("`{field}` is @external"),
            (FieldResolution::Overridden, _) => format!("`{field}` is overridden by another subgraph"),
            (FieldResolution::Local, Some(required)) => {
                format!("`{field}` @requires `{required}`, which cannot be loaded there")
            }
            (FieldResolution::Local, None) => format!("`{field}` cannot be reached"),
        },
    }
}

fn hop_reason(graph: &QueryGraph, state: &State, target: SubgraphId) -> String {
    let ty = &state.ty;
    let keys = graph
        .subgraph_type(target, ty)
        .map(|found| found.keys.as_slice())
        .unwrap_or_default();
    let resolvable: Vec<String> = keys
        .iter()
        .filter(|key| key.resolvable)
        .map(|key| format!("`{}`", key.fields))
        .collect();
    if keys.is_empty() {
        return format!("`{ty}` has no @key there, so one cannot get there from another subgraph");
    }
    if resolvable.is_empty() {
        return format!("every @key of `{ty}` there has resolvable: false");
    }
    let reached = state.stands.iter().any(|stand| {
        graph
            .route(ty, stand.subgraph, target, stand.provided.as_ref())
            .is_some()
    });
    if reached {
        return "what its @requires asks for cannot be loaded".to_owned();
    }
    format!(
        "none of its keys ({}) can be answered from where this object comes from",
        resolvable.join(", ")
    )
}

/// A shortest operation that asks for the field.
fn operation(graph: &QueryGraph, state: &State, field: &Name, field_type: &Name) -> String {
    let mut text = format!("{} {{\n", state.operation.name());
    let mut indent = 1;
    for step in &state.steps {
        let arguments = if step.arguments { "(…)" } else { "" };
        text.push_str(&format!("{}{}{arguments} {{\n", "  ".repeat(indent), step.field));
        indent += 1;
        if let Some(on) = &step.on {
            text.push_str(&format!("{}... on {on} {{\n", "  ".repeat(indent)));
            indent += 1;
        }
    }
    let below = if graph.possible_types(field_type).is_empty() {
        ""
    } else {
        " { … }"
    };
    text.push_str(&format!("{}{field}{below}\n", "  ".repeat(indent)));
    for level in (0..indent).rev() {
        text.push_str(&format!("{}}}\n", "  ".repeat(level)));
    }
    text.truncate(text.trim_end().len());
    text
}
