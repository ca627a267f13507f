//! `@context`: arguments that are filled from an object further up.
//!
//! The value is looked for in the objects that hold the one at hand, the nearest first, until there is one whose type sets the
//! context. Where an object on the way is of an abstract type of which only some members set it, the executor goes on upwards
//! for the others. What the argument reads is loaded there; then the field is asked for on the entity, like one with
//! `@requires`. Entities below different values are asked for in different `_entities` fields of one request.

use apollo_compiler::Name;
use causeway_model::{
    Conjunction, ContextArgument, ContextSource, ContextValue, FieldSet, FieldSetItem, KeyId,
    RepresentationField, plan::TYPENAME,
};

use crate::{
    collect::collect,
    draft::{DraftKind, Drafts},
    position::Position,
    roots,
    search::Search,
};

/// A value that is taken from a context, for one place.
#[derive(Clone, PartialEq)]
pub(crate) struct ContextDraft {
    pub(crate) argument: ContextArgument,
    pub(crate) sources: Vec<ContextSource>,
}

impl ContextDraft {
    /// Arguments of several fields that read the same share a variable.
    fn serves(&self, argument: &ContextArgument) -> bool {
        self.argument.context == argument.context
            && self.argument.selection == argument.selection
            && self.argument.ty == argument.ty
    }
}

impl Drafts {
    /// Fills a field's arguments from the contexts of the fetch that it was added to.
    pub(crate) fn fill_from_contexts(&mut self, at: &Position, key: KeyId, arguments: &[ContextArgument]) {
        let DraftKind::Entities { contexts, .. } = &self.fetches[at.fetch].kind else {
            return;
        };
        let filled = arguments.iter().filter_map(|argument| {
            let index = contexts.iter().position(|context| context.serves(argument))?;
            Some((argument.name.clone(), index))
        });
        let filled: Vec<(Name, usize)> = filled.collect();
        if let Some(field) = self
            .node_mut(at.node)
            .fields
            .iter_mut()
            .find(|field| field.key == key)
        {
            field.contexts = filled;
        }
    }
}

impl Search<'_> {
    /// Loads what the arguments read. `None` when that cannot be had.
    pub(crate) fn plan_contexts(
        &mut self,
        at: &Position,
        arguments: &[ContextArgument],
    ) -> Option<Vec<ContextDraft>> {
        let mut drafts: Vec<ContextDraft> = Vec::new();
        for argument in arguments {
            if drafts.iter().any(|draft| draft.serves(argument)) {
                continue;
            }
            let sources = self.plan_sources(at, argument)?;
            // Without any, the value is null; an argument that cannot be null then has none.
            if sources.is_empty() && argument.ty.is_non_null() {
                return None;
            }
            drafts.push(ContextDraft {
                argument: argument.clone(),
                sources,
            });
        }
        Some(drafts)
    }

    fn plan_sources(&mut self, at: &Position, argument: &ContextArgument) -> Option<Vec<ContextSource>> {
        let setters = self.setters(&argument.context);
        let mut sources = Vec::new();
        let mut above = at.parent.clone();
        while let Some(place) = above.take() {
            let possible = self.possible_at(&place);
            let setting: Vec<Name> = possible
                .iter()
                .filter(|ty| setters.contains(ty))
                .cloned()
                .collect();
            if !setting.is_empty() {
                let all = setting.len() == possible.len();
                let values = self.plan_value(&place, &setting, &argument.selection)?;
                sources.push(ContextSource {
                    depth: place.path.len(),
                    only_in: if all { Vec::new() } else { setting },
                    values,
                });
                if all {
                    break;
                }
            }
            above.clone_from(&place.parent);
        }
        Some(sources)
    }

    /// Object types on which the context is set, by themselves or by an interface or union of theirs.
    fn setters(&self, context: &str) -> Vec<Name> {
        let set = self.graph.supergraph().contexts.get(context);
        let set = set.map(Vec::as_slice).unwrap_or_default();
        set.iter()
            .flat_map(|ty| self.graph.possible_types(ty).iter().cloned())
            .collect()
    }

    fn possible_at(&self, place: &Position) -> Vec<Name> {
        let local = self.graph.subgraph_type(place.subgraph, &place.ty);
        match local {
            Some(found) if !found.is_interface_object && !found.possible_types.is_empty() => {
                found.possible_types.clone()
            }
            _ => self.graph.possible_types(&place.ty).to_vec(),
        }
    }

    /// Loads the value at one place, for the types that set the context there.
    fn plan_value(
        &mut self,
        place: &Position,
        setting: &[Name],
        selection: &FieldSet,
    ) -> Option<Vec<ContextValue>> {
        let graph = self.graph;
        let is_object = graph.possible_types(&place.ty) == std::slice::from_ref(&place.ty);
        if is_object {
            let needed = self.needed(selection, place, false);
            let fields = collect(
                graph,
                &[(Conjunction::ALWAYS, needed.selection.clone())],
                &place.ty,
            );
            let missing = match place.parent {
                None => {
                    let missing = self.plan_local(place, fields);
                    // The root has no keys, but can be asked in any subgraph.
                    roots::plan_more(self, place, missing).ok()?;
                    Vec::new()
                }
                Some(_) => self.plan_object(place, fields),
            };
            let of_this_type =
                |field: &RepresentationField| field.only_for.is_empty() || field.only_for.contains(&place.ty);
            let mut representation = needed.representation;
            representation.retain(of_this_type);
            representation.iter_mut().for_each(|field| field.only_for.clear());
            return missing.is_empty().then(|| values(representation));
        }
        let by_type = FieldSet {
            items: setting
                .iter()
                .map(|ty| FieldSetItem::Fragment {
                    on: ty.clone(),
                    selection: selection.clone(),
                })
                .collect(),
        };
        let needed = self.needed(&by_type, place, false);
        let below = vec![(Conjunction::ALWAYS, needed.selection.clone())];
        let missing = self.plan_possible_types(place, &below);
        missing.is_empty().then(|| values(needed.representation))
    }
}

fn values(representation: Vec<RepresentationField>) -> Vec<ContextValue> {
    representation
        .into_iter()
        .filter(|field| field.key != TYPENAME)
        .map(|field| ContextValue {
            key: field.key,
            only_for: field.only_for,
            below: values(field.fields),
        })
        .collect()
}
