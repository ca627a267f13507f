//! A field that `@requires` protected data must itself demand what that data demands.

use crate::diagnostic::{Code, Diagnostics};
use crate::merge::requirement::{Requirement, conjunction, from_value};
use crate::spec::Fed;
use crate::subgraph::{Kind, Meaning, Subgraph};
use crate::supergraph::{MergedDirective, Supergraph};
use apollo_compiler::Name;
use apollo_compiler::ast::Selection;

/// What must hold to see an element.
#[derive(Debug, Clone, Default)]
struct Demands {
    authenticated: bool,
    scopes: Option<Requirement>,
    policies: Option<Requirement>,
}

pub(super) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, diagnostics: &mut Diagnostics) {
    for subgraph in subgraphs {
        for def in subgraph.types.values() {
            for field in def.fields.values() {
                let Some(requires) = &field.requires else { continue };
                let Some(merged) = supergraph.types.get(&def.name) else {
                    continue;
                };
                let Some(merged_field) = merged.fields.get(&field.name) else {
                    continue;
                };
                let held = Demands::of(&merged.applied).and(&Demands::of(&merged_field.applied));
                let mut needed = Demands::default();
                collect(supergraph, &def.name, requires.selections(), &mut needed);
                if !held.cover(&needed) {
                    let coordinate = format!("{}.{}", def.name, field.name);
                    let message = format!(
                        "the field \"{coordinate}\" requires \"{}\", which is protected, without the same protection",
                        requires.text
                    );
                    diagnostics.push(
                        subgraph
                            .diagnostic(Code::MissingTransitiveAuthRequirements, field.location, message)
                            .at(coordinate)
                            .help(
                                "add the @authenticated, @requiresScopes and @policy of the required fields",
                            ),
                    );
                }
            }
        }
    }
}

fn collect(supergraph: &Supergraph, parent: &Name, selections: &[Selection], needed: &mut Demands) {
    let Some(ty) = supergraph.types.get(parent) else {
        return;
    };
    for selection in selections {
        match selection {
            Selection::Field(selected) => {
                let Some(field) = ty.fields.get(&selected.name) else {
                    continue;
                };
                *needed = needed.and(&Demands::of(&field.applied));
                if ty.kind == Kind::Interface {
                    // The field may come from any implementation.
                    for implementer in supergraph
                        .types
                        .values()
                        .filter(|ty| ty.implements.contains(parent))
                    {
                        if let Some(field) = implementer.fields.get(&selected.name) {
                            *needed = needed.and(&Demands::of(&field.applied));
                        }
                    }
                }
                let result = field.ty.inner_named_type();
                if let Some(result) = supergraph.types.get(result) {
                    *needed = needed.and(&Demands::of(&result.applied));
                }
                collect(
                    supergraph,
                    result,
                    selected.selection_set.as_deref().unwrap_or_default(),
                    needed,
                );
            }
            Selection::InlineFragment(fragment) => {
                let on = fragment.type_condition.as_ref().unwrap_or(parent);
                if let Some(ty) = supergraph.types.get(on) {
                    *needed = needed.and(&Demands::of(&ty.applied));
                }
                collect(supergraph, on, &fragment.selection_set, needed);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

impl Demands {
    fn of(applied: &[MergedDirective]) -> Self {
        let find = |fed: Fed| {
            applied
                .iter()
                .find(|directive| directive.meaning == Meaning::Fed(fed))
        };
        let requirement = |fed| {
            let (_, value) = find(fed)?.arguments.first()?;
            Some(from_value(value))
        };
        Self {
            authenticated: find(Fed::Authenticated).is_some(),
            scopes: requirement(Fed::RequiresScopes),
            policies: requirement(Fed::Policy),
        }
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            authenticated: self.authenticated || other.authenticated,
            scopes: both(&self.scopes, &other.scopes),
            policies: both(&self.policies, &other.policies),
        }
    }

    /// Whether whoever meets these demands meets the needed ones.
    fn cover(&self, needed: &Self) -> bool {
        (self.authenticated || !needed.authenticated)
            && implies(&self.scopes, &needed.scopes)
            && implies(&self.policies, &needed.policies)
    }
}

fn both(a: &Option<Requirement>, b: &Option<Requirement>) -> Option<Requirement> {
    match (a, b) {
        (Some(a), Some(b)) => Some(conjunction(a, b)),
        (some, None) | (None, some) => some.clone(),
    }
}

fn implies(held: &Option<Requirement>, needed: &Option<Requirement>) -> bool {
    let Some(needed) = needed else { return true };
    let Some(held) = held else { return false };
    held.iter().all(|has| {
        needed
            .iter()
            .any(|alternative| alternative.iter().all(|item| has.contains(item)))
    })
}
