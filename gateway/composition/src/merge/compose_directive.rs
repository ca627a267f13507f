//! `@composeDirective`: custom directives that are to be in the supergraph.
//!
//! Such a directive belongs to a linked specification, and must mean the same wherever its name is used.

use super::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::link::{FeatureUrl, Version};
use crate::spec::Fed;
use crate::subgraph::{Location, Subgraph};
use apollo_compiler::schema::DirectiveDefinition;
use apollo_compiler::{Name, Node};
use std::collections::BTreeMap;

/// Custom directives of the supergraph, by name.
#[derive(Debug, Default)]
pub(super) struct Composed {
    directives: BTreeMap<String, Directive>,
}

#[derive(Debug, Clone)]
pub(super) struct Directive {
    /// The newest specification that a subgraph links for it.
    pub(super) url: FeatureUrl,
    /// The directive's name in the specification.
    pub(super) element: String,
    pub(super) definition: Node<DirectiveDefinition>,
}

impl Composed {
    /// Whether the name in that subgraph is the composed directive and not another of the same name.
    pub(super) fn is_composed(&self, subgraphs: &[Subgraph], graph: usize, name: &str) -> bool {
        self.directives.get(name).is_some_and(|directive| {
            let source = subgraphs[graph].links.source_of(name);
            source.is_some_and(|(link, _)| link.url.identity == directive.url.identity)
        })
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.directives.contains_key(name)
    }

    pub(super) fn is_repeatable(&self, name: &str) -> bool {
        self.directives
            .get(name)
            .is_some_and(|directive| directive.definition.repeatable)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Directive)> {
        self.directives.iter()
    }
}

struct Request {
    graph: usize,
    name: String,
    location: Location,
    directive: Directive,
}

pub(super) fn collect(cx: &mut Context<'_, '_>) {
    let mut requests = Vec::new();
    for graph in 0..cx.subgraphs.len() {
        requests.extend(requests_of(cx, graph));
    }
    check_major_versions(cx, &requests);
    check_same_name(cx, &requests);
    warn_other_names(cx, &requests);
    let mut by_name: BTreeMap<String, Vec<Request>> = BTreeMap::new();
    for request in requests {
        by_name.entry(request.name.clone()).or_default().push(request);
    }
    for (name, requests) in by_name {
        check_same_meaning(cx, &name, &requests);
        let newest = requests
            .iter()
            .max_by_key(|request| (request.directive.url.version, request.graph));
        if let Some(newest) = newest {
            cx.composed.directives.insert(name, newest.directive.clone());
        }
    }
}

fn requests_of(cx: &mut Context<'_, '_>, graph: usize) -> Vec<Request> {
    let subgraph = &cx.subgraphs[graph];
    let mut requests = Vec::new();
    for applied in subgraph
        .schema_directives
        .iter()
        .filter(|applied| applied.is(Fed::ComposeDirective))
    {
        let written = applied
            .argument("name")
            .and_then(|value| value.as_str())
            .unwrap_or_default();
        let Some(name) = written.strip_prefix('@').filter(|name| !name.is_empty()) else {
            let message =
                format!("@composeDirective(name: \"{written}\") must name a directive with its \"@\"");
            push(
                cx,
                graph,
                Code::DirectiveCompositionError,
                applied.location,
                message,
            );
            continue;
        };
        if let Some(fed) = subgraph.links.resolve(name) {
            let (code, why) = if fed.supergraph_spec().is_some() {
                (Code::DirectiveCompositionInfo, "is in the supergraph anyway")
            } else {
                (
                    Code::DirectiveCompositionError,
                    "belongs to federation and cannot be composed",
                )
            };
            push(
                cx,
                graph,
                code,
                applied.location,
                format!("the directive \"@{name}\" {why}"),
            );
            continue;
        }
        let Some(definition) = subgraph.directives.get(name) else {
            let message = format!("@composeDirective names \"@{name}\", which this subgraph does not define");
            push(
                cx,
                graph,
                Code::DirectiveCompositionError,
                applied.location,
                message,
            );
            continue;
        };
        let Some((link, element)) = subgraph.links.source_of(name) else {
            let message =
                format!("the directive \"@{name}\" comes from no linked specification: import it with @link");
            push(
                cx,
                graph,
                Code::DirectiveCompositionError,
                applied.location,
                message,
            );
            continue;
        };
        let directive = Directive {
            url: link.url.clone(),
            element,
            definition: definition.clone(),
        };
        requests.push(Request {
            graph,
            name: name.to_owned(),
            location: applied.location,
            directive,
        });
    }
    requests
}

fn push(cx: &mut Context<'_, '_>, graph: usize, code: Code, location: Location, message: String) {
    let diagnostic = cx.subgraphs[graph].diagnostic(code, location, message);
    cx.diagnostics.push(diagnostic);
}

/// One supergraph links one major version of a specification.
fn check_major_versions(cx: &mut Context<'_, '_>, requests: &[Request]) {
    let mut linked: BTreeMap<&str, Vec<(usize, Version)>> = BTreeMap::new();
    for (graph, subgraph) in cx.subgraphs.iter().enumerate() {
        for link in subgraph
            .links
            .all
            .iter()
            .filter(|link| !link.url.identity.starts_with(crate::spec::SPECS_HOST))
        {
            linked
                .entry(&link.url.identity)
                .or_default()
                .push((graph, link.url.version));
        }
    }
    let composing = |identity: &str| {
        let mut majors = requests
            .iter()
            .filter(|request| request.directive.url.identity == identity)
            .map(|request| request.directive.url.version.major);
        let first = majors.next();
        majors.any(|major| Some(major) != first)
    };
    let findings: Vec<Diagnostic> = linked
        .iter()
        .filter(|(_, versions)| {
            versions
                .iter()
                .any(|(_, version)| version.major != versions[0].1.major)
        })
        .map(|(identity, versions)| {
            let code = if composing(identity) {
                Code::DirectiveCompositionError
            } else {
                Code::DirectiveCompositionInfo
            };
            let said = versions
                .iter()
                .map(|(graph, version)| (*graph, version.to_string()));
            let message = format!(
                "the specification \"{identity}\" is linked with different major versions: {}",
                super::group_by_statement(cx, said)
            );
            let mut diagnostic =
                Diagnostic::new(code, message).help("link the same major version everywhere");
            for (graph, _) in versions {
                diagnostic = diagnostic.in_subgraph(cx.name_of(*graph));
            }
            diagnostic
        })
        .collect();
    findings
        .into_iter()
        .for_each(|finding| cx.diagnostics.push(finding));
}

/// A directive has one name in the supergraph.
fn check_same_name(cx: &mut Context<'_, '_>, requests: &[Request]) {
    let mut names: BTreeMap<(&str, &str), Vec<&Request>> = BTreeMap::new();
    for request in requests {
        names
            .entry((&request.directive.url.identity, &request.directive.element))
            .or_default()
            .push(request);
    }
    for ((identity, element), requests) in names {
        if requests.iter().any(|request| request.name != requests[0].name) {
            let said = requests
                .iter()
                .map(|request| (request.graph, format!("\"@{}\"", request.name)));
            let said = super::group_by_statement(cx, said);
            let message =
                format!("the composed directive \"@{element}\" of {identity} has different names: {said}");
            let places = requests.iter().map(|request| (request.graph, request.location));
            let diagnostic = cx.finding(
                Code::DirectiveCompositionError,
                format!("@{element}"),
                message,
                places,
            );
            cx.diagnostics
                .push(diagnostic.help("import it under the same name in all subgraphs"));
        }
    }
}

/// A subgraph that imports a composed directive under another name uses it in vain.
fn warn_other_names(cx: &mut Context<'_, '_>, requests: &[Request]) {
    for request in requests {
        let Directive { url, element, .. } = &request.directive;
        for (graph, subgraph) in cx.subgraphs.iter().enumerate() {
            let composes = requests.iter().any(|other| {
                other.graph == graph
                    && other.directive.url.identity == url.identity
                    && other.directive.element == *element
            });
            let link = subgraph
                .links
                .all
                .iter()
                .find(|link| link.url.identity == url.identity);
            let Some(link) = link.filter(|_| !composes) else {
                continue;
            };
            let local = link.local_directive(element);
            if local != request.name && subgraph.directives.contains_key(local.as_str()) {
                let message = format!(
                    "the composed directive \"@{}\" is named \"@{local}\" here and is left out of the supergraph",
                    request.name
                );
                let code = Code::DirectiveCompositionWarn;
                let diagnostic = subgraph
                    .diagnostic(code, link.location, message)
                    .at(format!("@{}", request.name));
                cx.diagnostics
                    .push(diagnostic.help("import it under the same name as the subgraphs that compose it"));
            }
        }
    }
}

fn check_same_meaning(cx: &mut Context<'_, '_>, name: &str, requests: &[Request]) {
    let first = &requests[0].directive;
    let differs = |request: &Request| {
        request.directive.url.identity != first.url.identity || request.directive.element != first.element
    };
    if requests.iter().any(differs) {
        let said = requests.iter().map(|request| {
            (
                request.graph,
                format!(
                    "\"@{}\" of {}",
                    request.directive.element, request.directive.url.identity
                ),
            )
        });
        let message = format!(
            "the composed directive \"@{name}\" is {}",
            super::group_by_statement(cx, said)
        );
        let places = requests.iter().map(|request| (request.graph, request.location));
        let diagnostic = cx.finding(
            Code::DirectiveCompositionError,
            format!("@{name}"),
            message,
            places,
        );
        cx.diagnostics
            .push(diagnostic.help("import one of them under another name"));
    }
}

/// The name that a definition has in the supergraph.
pub(super) fn supergraph_name(name: &str) -> Name {
    Name::new_unchecked(name)
}
