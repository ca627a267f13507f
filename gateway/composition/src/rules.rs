//! Rules about one subgraph. One rule, one file, one shape: a function over the normal form that pushes findings.
//!
//! To add a rule: copy a file, put its function in [`RULES`]. A rule never looks at another subgraph.

mod auth_on_interface;
mod cache_tag;
mod context;
mod context_selection;
mod cost;
mod external_collision;
mod external_on_interface;
mod external_unused;
mod field_set_walk;
mod implicit_upgrade;
mod interface_key;
mod interface_object;
mod key_fields;
mod list_size;
mod merged_on_external;
mod override_usage;
mod provides_fields;
mod requires_fields;
pub(crate) mod root_type_name;
mod shareable_usage;
pub(crate) mod subgraph_name;
mod tag_name;
pub(crate) mod usage;

use crate::diagnostic::Diagnostics;
use crate::subgraph::Subgraph;

type Rule = fn(&Subgraph, &mut Diagnostics);

const RULES: [Rule; 16] = [
    auth_on_interface::check,
    cache_tag::check,
    context::check,
    cost::check,
    external_collision::check,
    external_on_interface::check,
    external_unused::check,
    implicit_upgrade::check,
    interface_key::check,
    interface_object::check,
    key_fields::check,
    list_size::check,
    provides_fields::check,
    requires_fields::check,
    shareable_usage::check,
    tag_name::check,
];

/// About one subgraph too, but found together with what the merge finds: they do not spoil it.
const WITH_MERGE: [Rule; 2] = [merged_on_external::check, override_usage::check];

pub(crate) fn check_with_merge(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for rule in WITH_MERGE {
        rule(subgraph, diagnostics);
    }
}

pub(crate) fn check(subgraph: &Subgraph, diagnostics: &mut Diagnostics) {
    for rule in RULES {
        rule(subgraph, diagnostics);
    }
}
