//! Walking the data tree along a plan's paths.

use causeway_model::{EntityTarget, KeyId, PathSegment, Shape, ShapeId};

use crate::{
    data::{Data, FailureId, Object},
    error::PathElement,
};

/// Calls `visit` for every object at `path`, in a stable order; lists are walked through item by item.
pub(crate) fn visit_objects<'n>(
    data: &mut Data,
    path: &[PathSegment],
    names: &'n [String],
    visit: &mut dyn FnMut(&mut Object, &[PathElement]),
) {
    let mut here = Vec::new();
    Walk { names, visit }.step(data, path, &mut here);
}

struct Walk<'n, 'v> {
    names: &'n [String],
    visit: &'v mut dyn FnMut(&mut Object, &[PathElement]),
}

impl Walk<'_, '_> {
    fn step(&mut self, data: &mut Data, path: &[PathSegment], here: &mut Vec<PathElement>) {
        match data {
            Data::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    here.push(PathElement::Index(index));
                    self.step(item, path, here);
                    here.pop();
                }
            }
            Data::Object(object) => match path.split_first() {
                None => (self.visit)(object, here),
                Some((segment, rest)) => {
                    let fits = segment.only_in.is_empty()
                        || object.typename().is_some_and(|ty| segment.only_in.iter().any(|name| name == ty));
                    if !fits {
                        return;
                    }
                    if let Some(child) = object.get_mut(segment.key) {
                        here.push(PathElement::Key(name(self.names, segment.key)));
                        self.step(child, rest, here);
                        here.pop();
                    }
                }
            },
            Data::Null | Data::Leaf(_) | Data::Failed(_) => {}
        }
    }
}

pub(crate) fn name(names: &[String], key: KeyId) -> String {
    names[key.0 as usize].clone()
}

/// Which of a place's targets fits the object.
pub(crate) fn target<'t>(object: &Object, targets: &'t [EntityTarget]) -> Option<&'t EntityTarget> {
    match (object.typename(), targets) {
        (Some(ty), _) => targets.iter().find(|target| target.concrete_type == ty),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// Marks all fields of the shape that the object lacks as not loaded.
pub(crate) fn fail_missing(object: &mut Object, shape: &Shape, node: ShapeId, failure: FailureId) {
    for field in &shape.nodes[node.0 as usize] {
        match (object.get_mut(field.key), field.child) {
            (None, _) => object.merge_field(field.key, Data::Failed(failure)),
            (Some(held), Some(child)) => fail_below(held, shape, child, failure),
            (Some(_), None) => {}
        }
    }
}

fn fail_below(data: &mut Data, shape: &Shape, node: ShapeId, failure: FailureId) {
    match data {
        Data::Object(object) => fail_missing(object, shape, node, failure),
        Data::List(items) => items.iter_mut().for_each(|item| fail_below(item, shape, node, failure)),
        Data::Null | Data::Leaf(_) | Data::Failed(_) => {}
    }
}
