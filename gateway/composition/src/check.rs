//! Rules about the merged graph. One rule, one file, like [`crate::rules`], but over the supergraph.

mod auth;
mod custom_directives;
mod inaccessible;
mod interface_fields;
mod interface_object;
mod runtime_types;

use crate::diagnostic::Diagnostics;
use crate::subgraph::Subgraph;
use crate::supergraph::Supergraph;

type Rule = fn(&[Subgraph], &Supergraph, &mut Diagnostics);

const RULES: [Rule; 6] = [
    auth::check,
    custom_directives::check,
    inaccessible::check,
    interface_fields::check,
    interface_object::check,
    runtime_types::check,
];

pub(crate) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, diagnostics: &mut Diagnostics) {
    for rule in RULES {
        rule(subgraphs, supergraph, diagnostics);
    }
}
