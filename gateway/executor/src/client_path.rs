//! Places of the data tree, in the client's terms.

use causeway_model::{Nesting, ProjectedField, ProjectedKind, ProjectionId, QueryPlan};

use crate::{error::PathElement, walk::Step};

/// The response path of a place. It ends where the place leaves what the client asked for, e.g. at a key that
/// the planner added: such names mean nothing to a client.
///
/// Meant for errors: it looks at the selections of all types that an object might have.
pub(crate) fn client_path(
    plan: &QueryPlan,
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
                let fields: Vec<&ProjectedField> = nodes
                    .flat_map(|node| plan.projection.nodes[node].selections.iter().flatten())
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
        path.push(element);
        open = next;
    }
    path
}
