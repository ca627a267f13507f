//! What came back: merged into the tree, its errors brought to the client's paths.

use causeway_model::{EntityCall, FetchTarget, KeyId, ShapeId};

use super::{
    Loss, Run,
    entity_errors::{EntityErrors, data_path},
    request::{CallBatch, EntityBatch},
};
use crate::{
    data::{Data, FailureId},
    error::GraphqlError,
    parse::{self, Envelope, ParseError, SubgraphError},
    port::{FetchFailure, SubgraphReply},
    tree::{Step, object_at},
};

impl From<ParseError> for FetchFailure {
    fn from(error: ParseError) -> Self {
        FetchFailure::Malformed {
            reason: error.to_string(),
        }
    }
}

/// Merges a reply. An error means that the whole fetch brought nothing.
pub(super) fn place(
    run: &mut Run<'_>,
    index: usize,
    batch: Option<&EntityBatch>,
    reply: &SubgraphReply,
) -> Result<(), FetchFailure> {
    let envelope = parse::envelope(&reply.body)?;
    let plan = run.request.plan;
    match (&plan.fetches[index].target, batch) {
        (FetchTarget::Root { shape }, _) => place_root(run, index, *shape, &envelope),
        (FetchTarget::Entities(calls), Some(batch)) => place_entities(run, index, (calls, batch), &envelope),
        (FetchTarget::Entities(_), None) => Ok(()),
    }
}

/// Notes everything that the fetch would have brought as lost.
pub(super) fn lose(run: &mut Run<'_>, index: usize, batch: Option<&EntityBatch>, failure: FailureId) {
    match (&run.request.plan.fetches[index].target, batch) {
        (FetchTarget::Root { shape }, _) => {
            run.lost.push(
                &[],
                Loss {
                    fetch: index,
                    node: *shape,
                    field: None,
                    failure,
                },
            );
        }
        (FetchTarget::Entities(calls), Some(batch)) => {
            for gathered in &batch.calls {
                for (at, _) in gathered.asked.iter() {
                    run.lost.push(
                        at,
                        Loss {
                            fetch: index,
                            node: calls[gathered.call].shape,
                            field: None,
                            failure,
                        },
                    );
                }
            }
        }
        (FetchTarget::Entities(_), None) => {}
    }
}

fn place_root(
    run: &mut Run<'_>,
    index: usize,
    node: ShapeId,
    envelope: &Envelope,
) -> Result<(), FetchFailure> {
    let shape = &run.request.plan.fetches[index].shape;
    let parsed = envelope
        .data
        .as_ref()
        .map(|data| parse::object(data, shape, node))
        .transpose()?;
    let has_data = parsed.is_some();
    if let (Some(parsed), Data::Object(root)) = (parsed, &mut run.root) {
        root.merge(parsed);
    }
    // Root fields that an error speaks of, and errors that speak of none.
    let mut explained: Vec<KeyId> = Vec::new();
    let mut general: Vec<&SubgraphError> = Vec::new();
    for error in &envelope.errors {
        let place = data_path(shape, node, &error.path);
        match place.first() {
            Some(Step::Key(key)) => {
                explained.push(*key);
                report(run, index, error, place);
            }
            _ => general.push(error),
        }
    }
    if !has_data {
        let fields = shape.nodes[node.0 as usize].iter().enumerate();
        let silent: Vec<usize> = fields
            .filter(|(_, field)| !explained.contains(&field.key))
            .map(|(number, _)| number)
            .collect();
        if !silent.is_empty() {
            let failure = no_data(run, index, take_first(&mut general).or(envelope.errors.first()));
            for field in silent {
                run.lost.push(
                    &[],
                    Loss {
                        fetch: index,
                        node,
                        field: Some(field),
                        failure,
                    },
                );
            }
        }
    }
    general
        .into_iter()
        .for_each(|error| report(run, index, error, []));
    Ok(())
}

fn place_entities(
    run: &mut Run<'_>,
    index: usize,
    (calls, batch): (&[EntityCall], &EntityBatch),
    envelope: &Envelope,
) -> Result<(), FetchFailure> {
    let shape = &run.request.plan.fetches[index].shape;
    let aliases: Vec<_> = batch
        .calls
        .iter()
        .map(|field| field.alias(&calls[field.call]))
        .collect();
    let expected: Vec<_> = aliases
        .iter()
        .zip(&batch.calls)
        .map(|(alias, field)| (alias.as_ref(), calls[field.call].shape, field.count))
        .collect();
    let lists = match &envelope.data {
        Some(data) => parse::entities(data, shape, &expected)?,
        None => batch.calls.iter().map(|_| None).collect(),
    };
    let mut errors = EntityErrors::locate(&envelope.errors, &expected, &lists, shape);
    let has_any_list = lists
        .iter()
        .zip(&batch.calls)
        .any(|(list, gathered)| list.is_some() && gathered.count > 0);
    let general = take_first(&mut errors.general);
    let mut failure = None;
    for (number, (list, gathered)) in lists.into_iter().zip(&batch.calls).enumerate() {
        match list {
            Some(list) => merge_entities(run, list, gathered),
            None => {
                for (at, _) in gathered
                    .asked
                    .iter()
                    .filter(|(_, entity)| !errors.concern(number, **entity))
                {
                    let failure = *failure
                        .get_or_insert_with(|| no_data(run, index, general.or(envelope.errors.first())));
                    run.lost.push(
                        at,
                        Loss {
                            fetch: index,
                            node: calls[gathered.call].shape,
                            field: None,
                            failure,
                        },
                    );
                }
            }
        }
        for (at, entity) in gathered.asked.iter() {
            // An error without a usable path may be about any of them.
            if let (Some(error), true) = (general, has_any_list) {
                report(run, index, error, at.iter().copied());
            }
            for error in errors.of(number, *entity) {
                report(run, index, error.error, at.iter().chain(&error.below).copied());
            }
        }
    }
    if let (Some(error), None, false) = (general, failure, has_any_list) {
        report(run, index, error, []);
    }
    errors
        .general
        .into_iter()
        .chain(errors.leftover)
        .for_each(|error| report(run, index, error, []));
    Ok(())
}

fn merge_entities(run: &mut Run<'_>, mut list: Vec<Data>, gathered: &CallBatch) {
    let each_once = gathered.asked.len() == gathered.count;
    for (at, entity) in gathered.asked.iter() {
        let loaded = &mut list[*entity];
        let loaded = if each_once {
            std::mem::replace(loaded, Data::Null)
        } else {
            loaded.clone()
        };
        if let (Data::Object(loaded), Some(object)) = (loaded, object_at(&mut run.root, at)) {
            object.merge(loaded);
        }
    }
}

/// The failure that stands where an answer without data leaves nothing.
fn no_data(run: &mut Run<'_>, index: usize, error: Option<&SubgraphError>) -> FailureId {
    let subgraph = run.subgraph_name(index);
    let error = error.map_or_else(
        || {
            let message = format!("subgraph `{subgraph}` answered without data");
            GraphqlError::new("SUBGRAPH_ERROR", Some(subgraph), message, Vec::new())
        },
        |error| GraphqlError::from_subgraph(subgraph, error, Vec::new()),
    );
    run.add_failure(error)
}

fn report(run: &mut Run<'_>, index: usize, error: &SubgraphError, place: impl IntoIterator<Item = Step>) {
    let path = run.client_path(place);
    run.errors
        .push(GraphqlError::from_subgraph(run.subgraph_name(index), error, path));
}

fn take_first<'e>(errors: &mut Vec<&'e SubgraphError>) -> Option<&'e SubgraphError> {
    (!errors.is_empty()).then(|| errors.remove(0))
}
