//! A place from which fields can be asked for: an object of a known type, in a fetch, at a path of the
//! data tree.

use std::rc::Rc;

use apollo_compiler::{Name, ast::Type};
use causeway_model::{FieldSet, FieldSetItem, KeyId, PathSegment, SubgraphId};

use crate::{draft::NodeId, scope::Scope};

#[derive(Clone)]
pub(crate) struct Position {
    pub(crate) fetch: usize,
    pub(crate) node: NodeId,
    pub(crate) subgraph: SubgraphId,
    /// The object's type in the supergraph, or an interface where all its possible types are treated alike.
    pub(crate) ty: Name,
    /// The same type as this subgraph names it; differs for interface objects.
    pub(crate) local_type: Name,
    /// From the root to this object.
    pub(crate) path: Rc<[PathSegment]>,
    /// The object is one of several possible types here: steps below it hold for `ty` alone.
    pub(crate) narrowed: bool,
    /// Another subgraph has the field that led here, so that what lacks here may be asked for above.
    pub(crate) shared: bool,
    pub(crate) scope: Rc<Scope>,
    /// The object that holds this one.
    pub(crate) parent: Option<Rc<Position>>,
    /// What `@provides` adds here.
    pub(crate) provided: Option<Rc<FieldSet>>,
}

impl Position {
    /// The path of the objects in a field of this one; `ty` is the field's type.
    pub(crate) fn path_below(&self, key: KeyId, ty: &Type) -> Rc<[PathSegment]> {
        let only_in = if self.narrowed {
            vec![self.ty.clone()]
        } else {
            Vec::new()
        };
        self.path
            .iter()
            .cloned()
            .chain([PathSegment {
                key,
                only_in,
                lists: lists(ty),
            }])
            .collect()
    }

    /// What is provided to the children of `field`: by this place's own `@provides`, or by the field's.
    pub(crate) fn provided_below(&self, field: &str, own: Option<&FieldSet>) -> Option<Rc<FieldSet>> {
        let inherited = self
            .provided
            .as_ref()
            .map(|set| below(set, field))
            .unwrap_or_default();
        let items: Vec<FieldSetItem> = inherited
            .into_iter()
            .chain(own.into_iter().flat_map(|set| set.items.clone()))
            .collect();
        (!items.is_empty()).then(|| Rc::new(FieldSet { items }))
    }
}

fn lists(ty: &Type) -> u8 {
    let mut levels = 0_u8;
    let mut ty = ty;
    while let Type::List(items) | Type::NonNullList(items) = ty {
        levels = levels.saturating_add(1);
        ty = items;
    }
    levels
}

fn below(set: &FieldSet, field: &str) -> Vec<FieldSetItem> {
    set.items
        .iter()
        .flat_map(|item| match item {
            FieldSetItem::Field(provided) if provided.name == field => provided.selection.items.clone(),
            FieldSetItem::Field(_) => Vec::new(),
            FieldSetItem::Fragment { selection, .. } => below(selection, field),
        })
        .collect()
}
