//! Places of the data tree: walking to them along a plan's paths, and finding them again.

use causeway_model::{EntityTarget, KeyId, PathSegment, Shape, ShapeField, ShapeId, plan::TYPENAME};

use crate::data::{Data, FailureId, Object};

/// One step from a value of the tree to a value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Key(KeyId),
    Index(u32),
}

/// Objects of the tree by where they stand, each with what is to be remembered of it.
///
/// Other fetches may add objects to the tree at any time, but none goes away or moves: a place stays good for
/// the whole run, whereas the number of an object along a path does not.
#[derive(Debug)]
pub(crate) struct Located<T> {
    /// The places, one after the other.
    steps: Vec<Step>,
    /// Where the place ends in `steps`, and what is remembered.
    entries: Vec<(usize, T)>,
}

impl<T> Default for Located<T> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            entries: Vec::new(),
        }
    }
}

impl<T> Located<T> {
    pub(crate) fn push(&mut self, at: &[Step], what: T) {
        self.steps.extend_from_slice(at);
        self.entries.push((self.steps.len(), what));
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[Step], &T)> {
        let mut start = 0;
        self.entries
            .iter()
            .map(move |(end, what)| (&self.steps[std::mem::replace(&mut start, *end)..*end], what))
    }
}

/// Calls `visit` for every object at `path`, in a stable order; lists are walked through item by item.
pub(crate) fn visit_objects(data: &Data, path: &[PathSegment], visit: &mut dyn FnMut(&Object, &[Step])) {
    walk(data, path, &mut Vec::with_capacity(2 * path.len()), visit);
}

fn walk(data: &Data, path: &[PathSegment], here: &mut Vec<Step>, visit: &mut dyn FnMut(&Object, &[Step])) {
    match data {
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                here.push(Step::Index(
                    u32::try_from(index).expect("no answer has 2^32 items"),
                ));
                walk(item, path, here, visit);
                here.pop();
            }
        }
        Data::Object(object) => match path.split_first() {
            None => visit(object, here),
            Some((segment, rest)) => {
                let fits = segment.only_in.is_empty()
                    || object
                        .typename()
                        .is_some_and(|ty| segment.only_in.iter().any(|name| name == ty));
                if let (true, Some(child)) = (fits, object.get(segment.key)) {
                    here.push(Step::Key(segment.key));
                    walk(child, rest, here, visit);
                    here.pop();
                }
            }
        },
        Data::Null | Data::Leaf(_) | Data::Failed(_) => {}
    }
}

/// The object at a place that [`visit_objects`] gave.
pub(crate) fn object_at<'d>(root: &'d mut Data, at: &[Step]) -> Option<&'d mut Object> {
    let mut data = root;
    for step in at {
        data = match (step, data) {
            (Step::Key(key), Data::Object(object)) => object.get_mut(*key)?,
            (Step::Index(index), Data::List(items)) => items.get_mut(*index as usize)?,
            _ => return None,
        };
    }
    match data {
        Data::Object(object) => Some(object),
        _ => None,
    }
}

/// Which of a place's targets fits the object. The type is not asked for where it makes no difference.
pub(crate) fn target<'t>(object: &Object, targets: &'t [EntityTarget]) -> Option<&'t EntityTarget> {
    match (object.get(TYPENAME), targets) {
        (Some(_), _) => {
            let ty = object.typename()?;
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
pub(crate) fn fail_missing(object: &mut Object, shape: &Shape, node: ShapeId, failure: FailureId) {
    for field in &shape.nodes[node.0 as usize] {
        fail_field(object, shape, field, failure);
    }
}

/// Marks one field, or what lacks below it.
pub(crate) fn fail_field(object: &mut Object, shape: &Shape, field: &ShapeField, failure: FailureId) {
    match (object.get_mut(field.key), field.child) {
        (None, _) => object.merge_field(field.key, Data::Failed(failure)),
        (Some(held), Some(child)) => fail_below(held, shape, child, failure),
        (Some(_), None) => {}
    }
}

fn fail_below(data: &mut Data, shape: &Shape, node: ShapeId, failure: FailureId) {
    match data {
        Data::Object(object) => fail_missing(object, shape, node, failure),
        Data::List(items) => items
            .iter_mut()
            .for_each(|item| fail_below(item, shape, node, failure)),
        Data::Null | Data::Leaf(_) | Data::Failed(_) => {}
    }
}
