//! The specifications that the supergraph links: federation's own where their directives are applied, and those of
//! composed directives.

use super::Context;
use crate::diagnostic::Code;
use crate::spec::{Fed, SPECS_HOST};
use crate::subgraph::{Applied, Meaning, Subgraph};
use crate::supergraph::{Feature, MergedDirective, Supergraph};
use std::collections::{BTreeMap, BTreeSet};

/// A directive has one name in the supergraph, so subgraphs must import it under the same one.
pub(super) fn check_imports(cx: &mut Context<'_, '_>) {
    for fed in Fed::ALL.into_iter().filter(|fed| fed.supergraph_spec().is_some()) {
        let names: Vec<(usize, String)> = cx
            .subgraphs
            .iter()
            .enumerate()
            .filter(|(_, subgraph)| applies(subgraph, fed))
            .filter_map(|(graph, subgraph)| {
                Some((graph, format!("\"@{}\"", subgraph.links.local_name(fed)?)))
            })
            .collect();
        if names.iter().any(|(_, name)| *name != names[0].1) {
            let places: Vec<_> = names.iter().map(|(graph, _)| (*graph, None)).collect();
            let message = format!(
                "the directive \"@{}\" has different names: {}",
                fed.name(),
                super::group_by_statement(cx, names)
            );
            let diagnostic = cx.finding(
                Code::LinkImportNameMismatch,
                format!("@{}", fed.name()),
                message,
                places,
            );
            cx.diagnostics
                .push(diagnostic.help("import it under the same name in all subgraphs"));
        }
    }
}

fn applies(subgraph: &Subgraph, fed: Fed) -> bool {
    let any = |applied: &[Applied]| crate::subgraph::has(applied, fed);
    any(&subgraph.schema_directives)
        || subgraph.types.values().any(|def| {
            any(&def.applied)
                || def.values.values().any(|value| any(&value.applied))
                || def.inputs.values().any(|input| any(&input.applied))
                || def.fields.values().any(|field| {
                    any(&field.applied) || field.arguments.values().any(|argument| any(&argument.applied))
                })
        })
}

pub(super) fn collect(cx: &Context<'_, '_>, out: &Supergraph) -> Vec<Feature> {
    let mut features = federation(out);
    let mut composed: BTreeMap<&str, Feature> = BTreeMap::new();
    for (name, directive) in cx.composed.iter() {
        let feature = composed
            .entry(&directive.url.identity)
            .or_insert_with(|| Feature {
                url: directive.url.to_string(),
                purpose: None,
                imports: Vec::new(),
                directives: Vec::new(),
            });
        feature.url = feature.url.clone().max(directive.url.to_string());
        let alias = (*name != directive.element).then(|| format!("@{name}"));
        feature.imports.push((format!("@{}", directive.element), alias));
    }
    features.extend(composed.into_values());
    for feature in &mut features {
        feature
            .imports
            .sort_by_key(|(element, alias)| (alias.is_some(), element.clone()));
    }
    features
}

/// Federation's own specifications in the order of their directives in [`Fed`].
fn federation(out: &Supergraph) -> Vec<Feature> {
    let used = used_directives(out);
    let mut specs: Vec<&str> = Vec::new();
    for (fed, _) in &used {
        if !specs.contains(&fed.own_spec()) {
            specs.push(fed.own_spec());
        }
    }
    let feature = |spec: &str| {
        let own: Vec<Fed> = Fed::ALL
            .into_iter()
            .filter(|fed| fed.own_spec() == spec)
            .collect();
        let (version, purpose) = own
            .iter()
            .find_map(|fed| fed.supergraph_spec())
            .unwrap_or(("v0.1", None));
        let mut directives = Vec::new();
        let mut imports = Vec::new();
        for fed in own {
            let default = if fed.name() == spec {
                spec.to_owned()
            } else {
                format!("{spec}__{}", fed.name())
            };
            let local = used
                .iter()
                .find(|(used, _)| *used == fed)
                .map(|(_, name)| name.clone())
                .unwrap_or(default.clone());
            if local != default {
                let alias = (local != fed.name()).then(|| format!("@{local}"));
                imports.push((format!("@{}", fed.name()), alias));
            }
            directives.push((fed, local));
        }
        Feature {
            url: format!("{SPECS_HOST}/{spec}/{version}"),
            purpose,
            imports,
            directives,
        }
    };
    specs.into_iter().map(feature).collect()
}

fn used_directives(out: &Supergraph) -> Vec<(Fed, String)> {
    let mut used: BTreeSet<(Fed, String)> = BTreeSet::new();
    let mut add = |applied: &[MergedDirective]| {
        for directive in applied {
            if let Meaning::Fed(fed) = directive.meaning
                && fed.supergraph_spec().is_some()
            {
                used.insert((fed, directive.name.to_string()));
            }
        }
    };
    add(&out.schema_directives);
    for ty in out.types.values() {
        add(&ty.applied);
        ty.values.values().for_each(|value| add(&value.applied));
        ty.inputs.values().for_each(|input| add(&input.applied));
        for field in ty.fields.values() {
            add(&field.applied);
            field
                .arguments
                .values()
                .for_each(|argument| add(&argument.applied));
        }
    }
    used.into_iter().collect()
}
