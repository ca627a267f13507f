//! Places of the data tree, in the client's terms.

use causeway_model::{Nesting, ProjectedField, ProjectedKind, ProjectionId, ProjectionNode, QueryPlan};

use crate::{
    error::PathElement,
    tree::{ObjectId, Tree, Value},
    walk::Step,
};

/// The response path of a place. It ends where the place leaves what the client asked for, e.g. at a key that
/// the planner added: such names mean nothing to a client.
///
/// Meant for errors: where an object's type is not known, it looks at the selections of all types that it might have.
pub(crate) fn client_path(
    plan: &QueryPlan,
    (tree, root): (&Tree, ObjectId),
    truth: u64,
    place: impl IntoIterator<Item = Step>,
) -> Vec<PathElement> {
    const ROOT: (&Nesting, &ProjectedKind) = (
        &Nesting {
            non_null: false,
            items: None,
        },
        &ProjectedKind::Composite(ProjectionId(0)),
    );
    let mut path = Vec::new();
    let mut open = vec![ROOT];
    let mut here = Some(Value::Object(root));
    for step in place {
        let mut next: Vec<(&Nesting, &ProjectedKind)> = Vec::new();
        let element = match step {
            Step::Index(index) => {
                next.extend(
                    open.iter()
                        .filter_map(|(nesting, kind)| Some((nesting.items.as_deref()?, *kind))),
                );
                PathElement::Index(index as usize)
            }
            Step::Key(key) => {
                let nodes = open.iter().filter_map(|(nesting, kind)| match kind {
                    ProjectedKind::Composite(node) if nesting.items.is_none() => Some(node.0 as usize),
                    _ => None,
                });
                let ty = match here {
                    Some(Value::Object(object)) => tree.typename(object),
                    _ => None,
                };
                let fields: Vec<&ProjectedField> = nodes
                    .flat_map(|node| selections(&plan.projection.nodes[node], ty).flatten())
                    .filter(|field| field.key == key && field.kind != ProjectedKind::Typename)
                    .filter(|field| field.guard.holds(truth))
                    .collect();
                let Some(first) = fields.first() else { break };
                next.extend(fields.iter().map(|field| (&field.nesting, &field.kind)));
                PathElement::Key(first.response_key.clone())
            }
        };
        if next.is_empty() {
            break;
        }
        here = match (step, here) {
            (Step::Key(key), Some(Value::Object(object))) => tree.get(object, key),
            (Step::Index(index), Some(Value::List(list))) => tree.items(list).get(index as usize).copied(),
            _ => None,
        };
        path.push(element);
        open = next;
    }
    path
}

/// Those of the object's type, if that is known.
fn selections<'n>(
    node: &'n ProjectionNode,
    ty: Option<&str>,
) -> impl Iterator<Item = &'n Vec<ProjectedField>> {
    let own = ty.and_then(|ty| node.by_type.iter().find(|(name, _)| name == ty));
    let own = own.map(|(_, index)| *index);
    let all = node.selections.iter().enumerate();
    all.filter(move |(index, _)| own.is_none_or(|own| own == *index))
        .map(|(_, fields)| fields)
}
