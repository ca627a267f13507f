//! Walking the data tree along a plan's paths.

use std::ops::ControlFlow;

use causeway_model::{EntityTarget, KeyId, PathSegment, Shape, ShapeField, ShapeId, plan::TYPENAME};

use crate::tree::{FailureId, ObjectId, Tree, Value};

/// One step from a value of the tree to a value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Key(KeyId),
    Index(u32),
}

/// Finds the objects at a place. One walker serves all places of a run.
#[derive(Debug, Default)]
pub(crate) struct Walker {
    /// By object: the walk that has been there, and how many positions of the place it found below.
    seen: Vec<(u32, u32)>,
    walk: u32,
}

impl Walker {
    /// Calls `visit` once for each object at the place, in a stable order. Gives the number of positions at which those stand that
    /// `visit` wants counted: an object may stand at several.
    pub(crate) fn objects(
        &mut self,
        tree: &Tree,
        root: ObjectId,
        path: &[PathSegment],
        visit: &mut dyn FnMut(ObjectId) -> bool,
    ) -> usize {
        self.walk += 1;
        self.seen.resize(tree.object_count(), (0, 0));
        let mut walk = Walk {
            tree,
            seen: &mut self.seen,
            number: self.walk,
            visit,
        };
        walk.object(root, path) as usize
    }
}

struct Walk<'w> {
    tree: &'w Tree,
    seen: &'w mut [(u32, u32)],
    number: u32,
    visit: &'w mut dyn FnMut(ObjectId) -> bool,
}

impl Walk<'_> {
    fn value(&mut self, value: Value, path: &[PathSegment]) -> u32 {
        match value {
            Value::List(list) => {
                let tree = self.tree;
                let positions = tree.items(list).iter().map(|item| self.value(*item, path));
                // Few objects can stand at more positions than there are numbers.
                positions.fold(0, u32::saturating_add)
            }
            Value::Object(object) => self.object(object, path),
            Value::Null | Value::Leaf(_) | Value::Failed(_) => 0,
        }
    }

    fn object(&mut self, object: ObjectId, path: &[PathSegment]) -> u32 {
        let object = self.tree.canonical(object);
        match self.seen[object.index()] {
            (walk, positions) if walk == self.number => return positions,
            _ => {}
        }
        let positions = match path.split_first() {
            None => u32::from((self.visit)(object)),
            Some((segment, rest)) => {
                next(self.tree, object, segment).map_or(0, |below| self.value(below, rest))
            }
        };
        self.seen[object.index()] = (self.number, positions);
        positions
    }
}

fn next(tree: &Tree, object: ObjectId, segment: &PathSegment) -> Option<Value> {
    let fits = segment.only_in.is_empty()
        || tree
            .typename(object)
            .is_some_and(|ty| segment.only_in.iter().any(|name| name == ty));
    if fits { tree.get(object, segment.key) } else { None }
}

type PositionVisitor<'v> = dyn FnMut(&[Step], &[ObjectId]) -> ControlFlow<()> + 'v;

/// Calls `visit` for each position of the place, with the way to it: the steps, and the objects that hold the place, from the
/// root on, the one at the place last. Ends when `visit` breaks: there may be more positions than anybody can walk to.
pub(crate) fn positions(tree: &Tree, root: ObjectId, path: &[PathSegment], visit: &mut PositionVisitor<'_>) {
    let mut way = Way {
        tree,
        steps: Vec::with_capacity(2 * path.len()),
        objects: Vec::with_capacity(path.len() + 1),
        visit,
    };
    let _ = way.value(Value::Object(root), path);
}

struct Way<'w> {
    tree: &'w Tree,
    steps: Vec<Step>,
    objects: Vec<ObjectId>,
    visit: &'w mut PositionVisitor<'w>,
}

impl Way<'_> {
    fn value(&mut self, value: Value, path: &[PathSegment]) -> ControlFlow<()> {
        match value {
            Value::List(list) => {
                let tree = self.tree;
                for (index, item) in (0..).zip(tree.items(list)) {
                    self.steps.push(Step::Index(index));
                    self.value(*item, path)?;
                    self.steps.pop();
                }
            }
            Value::Object(object) => {
                let object = self.tree.canonical(object);
                self.objects.push(object);
                match path.split_first() {
                    None => (self.visit)(&self.steps, &self.objects)?,
                    Some((segment, rest)) => {
                        if let Some(below) = next(self.tree, object, segment) {
                            self.steps.push(Step::Key(segment.key));
                            self.value(below, rest)?;
                            self.steps.pop();
                        }
                    }
                }
                self.objects.pop();
            }
            Value::Null | Value::Leaf(_) | Value::Failed(_) => {}
        }
        ControlFlow::Continue(())
    }
}

/// Which of a place's targets fits the object. The type is not asked for where it makes no difference.
pub(crate) fn target<'t>(
    tree: &Tree,
    object: ObjectId,
    targets: &'t [EntityTarget],
) -> Option<&'t EntityTarget> {
    match (tree.get(object, TYPENAME), targets) {
        (Some(_), _) => {
            let ty = tree.typename(object)?;
            targets.iter().find(|target| target.concrete_type == ty)
        }
        (None, [first, others @ ..]) => others
            .iter()
            .all(|other| other.representation == first.representation)
            .then_some(first),
        (None, []) => None,
    }
}

/// Marks all fields of the shape that the object lacks as not loaded.
pub(crate) fn fail_missing(
    tree: &mut Tree,
    object: ObjectId,
    shape: &Shape,
    node: ShapeId,
    failure: FailureId,
) {
    for field in &shape.nodes[node.0 as usize] {
        fail_field(tree, object, shape, field, failure);
    }
}

/// Marks one field, or what lacks below it.
pub(crate) fn fail_field(
    tree: &mut Tree,
    object: ObjectId,
    shape: &Shape,
    field: &ShapeField,
    failure: FailureId,
) {
    match (tree.get(object, field.key), field.child) {
        (None, _) => tree.set(object, field.key, Value::Failed(failure)),
        (Some(held), Some(child)) => {
            let failed = fail_below(tree, held, shape, child, failure);
            if failed != held {
                tree.replace(object, field.key, failed);
            }
        }
        (Some(_), None) => {}
    }
}

/// Gives what is to stand there: an object that stands elsewhere, too, is left as it is, for nothing is lost there.
fn fail_below(tree: &mut Tree, value: Value, shape: &Shape, node: ShapeId, failure: FailureId) -> Value {
    match value {
        Value::Object(object) if !is_shared(tree, object) || lacks(tree, object, shape, node) => {
            let own = tree.own(object);
            fail_missing(tree, own, shape, node, failure);
            Value::Object(own)
        }
        Value::List(list) => {
            for index in 0..tree.items(list).len() {
                let held = tree.items(list)[index];
                let failed = fail_below(tree, held, shape, node, failure);
                tree.replace_item(list, index, failed);
            }
            value
        }
        Value::Object(_) | Value::Null | Value::Leaf(_) | Value::Failed(_) => value,
    }
}

fn is_shared(tree: &Tree, object: ObjectId) -> bool {
    tree.is_shared(tree.canonical(object))
}

fn lacks(tree: &Tree, object: ObjectId, shape: &Shape, node: ShapeId) -> bool {
    let mut fields = shape.nodes[node.0 as usize].iter();
    fields.any(|field| match (tree.get(object, field.key), field.child) {
        (None, _) => true,
        (Some(held), Some(child)) => lacks_below(tree, held, shape, child),
        (Some(_), None) => false,
    })
}

fn lacks_below(tree: &Tree, value: Value, shape: &Shape, node: ShapeId) -> bool {
    match value {
        Value::Object(object) => lacks(tree, object, shape, node),
        Value::List(list) => {
            let mut items = tree.items(list).iter();
            items.any(|item| lacks_below(tree, *item, shape, node))
        }
        Value::Null | Value::Leaf(_) | Value::Failed(_) => false,
    }
}
