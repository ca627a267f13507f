//! What came back: merged into the tree, its errors brought to the client's paths.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    ops::ControlFlow,
};

use causeway_model::{EntityCall, FetchTarget, KeyId, ShapeId};

use super::{
    Run,
    entity_errors::{EntityErrors, data_path},
    request::{Asked, CallBatch, EntityBatch},
};
use crate::{
    error::GraphqlError,
    parse::{self, Brought, Expected, ParseError, SubgraphError},
    port::{FetchFailure, SubgraphReply},
    project::ERROR_BYTES,
    tree::{FailureId, List, ObjectId, Value},
    walk::{Step, positions},
};

/// Bytes of `{},`.
const SMALLEST_OBJECT: usize = 3;

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
    batch: Option<&mut EntityBatch>,
    reply: &SubgraphReply,
) -> Result<(), FetchFailure> {
    let fetch = &run.request.plan.fetches[index];
    match (&fetch.target, batch) {
        (FetchTarget::Root { shape }, _) => {
            let answer = parse::answer(&mut run.tree, &reply.body, &fetch.shape, Expected::Root(*shape))?;
            let brought = match answer.data {
                Brought::Root(object) => Some(object),
                _ => None,
            };
            place_root(run, index, (*shape, brought), &answer.errors);
        }
        (FetchTarget::Entities(calls), Some(batch)) => {
            let keys: Vec<_> = batch
                .calls
                .iter()
                .map(|field| field.alias(&calls[field.call]))
                .collect();
            let expected: Vec<_> = keys
                .iter()
                .zip(&batch.calls)
                .map(|(key, field)| (key.as_ref(), calls[field.call].shape, field.count))
                .collect();
            let wanted = Expected::Entities(&expected);
            let answer = parse::answer(&mut run.tree, &reply.body, &fetch.shape, wanted)?;
            let lists = match answer.data {
                Brought::Entities(lists) => lists,
                _ => vec![None; expected.len()],
            };
            let errors = EntityErrors::locate(&answer.errors, &run.tree, &expected, &lists, &fetch.shape);
            merge_entities(run, (calls, batch), &lists);
            run.follow_copies(Some(batch));
            place_errors(run, index, (calls, batch), &lists, (errors, &answer.errors));
        }
        (FetchTarget::Entities(_), None) => {}
    }
    Ok(())
}

/// Notes everything that the fetch would have brought as lost.
pub(super) fn lose(run: &mut Run<'_>, index: usize, batch: Option<&EntityBatch>, failure: FailureId) {
    match (&run.request.plan.fetches[index].target, batch) {
        (FetchTarget::Root { shape }, _) => {
            let root = run.root;
            run.lose(root, (index, *shape), None, failure);
        }
        (FetchTarget::Entities(calls), Some(batch)) => {
            for gathered in &batch.calls {
                for asked in &gathered.asked {
                    run.lose(asked.object, (index, calls[gathered.call].shape), None, failure);
                }
            }
        }
        (FetchTarget::Entities(_), None) => {}
    }
}

fn place_root(
    run: &mut Run<'_>,
    index: usize,
    (node, brought): (ShapeId, Option<ObjectId>),
    errors: &[SubgraphError],
) {
    let shape = &run.request.plan.fetches[index].shape;
    if let Some(brought) = brought {
        run.tree.absorb(run.root, brought);
    }
    // Root fields that an error speaks of, and errors that speak of none.
    let mut explained: Vec<KeyId> = Vec::new();
    let mut general: Vec<&SubgraphError> = Vec::new();
    for error in errors {
        let place = data_path(shape, node, &error.path);
        match place.first() {
            Some(Step::Key(key)) => {
                explained.push(*key);
                report(run, index, error, place);
            }
            _ => general.push(error),
        }
    }
    if brought.is_none() {
        let fields = shape.nodes[node.0 as usize].iter().enumerate();
        let silent: Vec<usize> = fields
            .filter(|(_, field)| !explained.contains(&field.key))
            .map(|(number, _)| number)
            .collect();
        if !silent.is_empty() {
            let failure = no_data(run, index, take_first(&mut general).or(errors.first()));
            for field in silent {
                run.lose(run.root, (index, node), Some(field), failure);
            }
        }
    }
    general
        .into_iter()
        .for_each(|error| report(run, index, error, []));
}

/// Brings errors to each position of the entities that they are about, and notes what is lost.
fn place_errors(
    run: &mut Run<'_>,
    index: usize,
    (calls, batch): (&[EntityCall], &EntityBatch),
    lists: &[Option<List>],
    (mut errors, all): (EntityErrors<'_>, &[SubgraphError]),
) {
    let has_any_list = lists
        .iter()
        .zip(&batch.calls)
        .any(|(list, gathered)| list.is_some() && gathered.count > 0);
    let general = take_first(&mut errors.general);
    let mut failure = None;
    for (number, (list, gathered)) in lists.iter().zip(&batch.calls).enumerate() {
        let call = &calls[gathered.call];
        if list.is_none() {
            let silent = gathered.asked.iter();
            for asked in silent.filter(|asked| !errors.concern(number, asked.entity)) {
                let failure = *failure.get_or_insert_with(|| no_data(run, index, general.or(all.first())));
                run.lose(asked.object, (index, call.shape), None, failure);
            }
        }
        // An error without a usable path may be about any of them.
        let about_all = general.filter(|_| has_any_list);
        if about_all.is_some() || errors.concern_any(number) {
            let concerned = |entity| about_all.is_some() || errors.concern(number, entity);
            each_position(run, (call, gathered), &concerned, &mut |run, entity, at| {
                if let Some(error) = about_all {
                    report(run, index, error, at.iter().copied());
                }
                for error in errors.of(number, entity) {
                    report(run, index, error.error, at.iter().chain(&error.below).copied());
                }
            });
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
}

/// Calls `visit` for each position that has asked for an entity which is concerned; but for those of which the response, with an
/// error for each, could only be too large.
fn each_position(
    run: &mut Run<'_>,
    (call, gathered): (&EntityCall, &CallBatch),
    concerned: &dyn Fn(usize) -> bool,
    visit: &mut dyn FnMut(&mut Run<'_>, usize, &[Step]),
) {
    let limit = run.request.response_limit;
    let mut entities = HashMap::with_capacity(gathered.asked.len());
    for asked in &gathered.asked {
        entities.insert((asked.place, run.tree.canonical(asked.object)), asked.entity);
    }
    for (number, place) in call.places.iter().enumerate() {
        let mut found: Vec<(Vec<Step>, usize)> = Vec::new();
        let (mut met, known) = (0, run.errors.len());
        positions(&run.tree, run.root, &place.path, &mut |at, way| {
            let object = way.last().copied().unwrap_or(run.root);
            if let Some(entity) = entities
                .get(&(number, object))
                .filter(|entity| concerned(**entity))
            {
                found.push((at.to_vec(), *entity));
            }
            met += SMALLEST_OBJECT;
            let has_room = met <= limit && (known + found.len()).saturating_mul(ERROR_BYTES) <= limit;
            match has_room {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        });
        for (at, entity) in found {
            visit(run, entity, &at);
        }
    }
}

/// Deeper places come first. What is brought through who holds an entity may make its positions objects of their own: then each
/// of them is to have what was brought for the entity itself.
fn merge_entities(run: &mut Run<'_>, (calls, batch): (&[EntityCall], &EntityBatch), lists: &[Option<List>]) {
    let depths = |field: &CallBatch| calls[field.call].places.iter().map(|place| place.path.len());
    let deepest_first: BTreeSet<_> = batch.calls.iter().flat_map(depths).map(Reverse).collect();
    let mut waiting: Vec<Vec<usize>> = batch.calls.iter().map(CallBatch::waiting).collect();
    for Reverse(depth) in deepest_first {
        for ((list, field), waiting) in lists.iter().zip(&batch.calls).zip(&mut waiting) {
            let Some(list) = *list else { continue };
            let places = &calls[field.call].places;
            let here = |asked: &&Asked| places[asked.place].path.len() == depth;
            for asked in field.asked.iter().filter(here) {
                // The last one gets what came, others a copy.
                let mut loaded = run.tree.items(list)[asked.entity];
                waiting[asked.entity] -= 1;
                if waiting[asked.entity] > 0 {
                    loaded = run.tree.copy_new(loaded);
                }
                if let Value::Object(loaded) = loaded {
                    run.tree.absorb(asked.object, loaded);
                }
            }
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
