//! Which subgraph is asked for a field that several could answer.
//!
//! The field with the fewest ways goes first; one that has a single way is a forced move. A destination takes with it what it
//! answers wholly, and what has no other way; the rest waits for its own turn.

use std::cmp::Reverse;

use apollo_compiler::Name;
use causeway_model::SubgraphId;

use crate::{collect::CollectedField, search::Search};

/// A subgraph that can be asked about the object at hand.
pub(crate) struct Destination {
    pub(crate) subgraph: SubgraphId,
    /// The object's type as the subgraph names it.
    pub(crate) type_name: Name,
    /// Requests on the way there that would not be made otherwise.
    pub(crate) price: usize,
    /// No route leads there: a key has to be gathered, which may fail.
    pub(crate) gathered: bool,
}

/// A field that has to be asked for somewhere.
pub(crate) struct Open {
    pub(crate) field: CollectedField,
    pub(crate) ways: Vec<Way>,
}

pub(crate) struct Way {
    /// Index of a [`Destination`].
    pub(crate) to: usize,
    /// Leaves below the field that are answered there.
    coverage: usize,
    /// All of them, with nothing needed from elsewhere.
    complete: bool,
}

/// The most options that are looked at where there is a choice.
const OPTIONS: usize = 8;

impl Search<'_> {
    /// `helps` tells whether a destination answers the field.
    pub(crate) fn open(
        &self,
        destinations: &[Destination],
        field: CollectedField,
        helps: impl Fn(usize, &CollectedField) -> bool,
    ) -> Open {
        let ways = (0..destinations.len())
            .filter(|to| helps(*to, &field))
            .map(|to| {
                let Destination {
                    subgraph, type_name, ..
                } = &destinations[to];
                Way {
                    to,
                    coverage: self.coverage(*subgraph, type_name, &field),
                    complete: self.complete(*subgraph, type_name, &field),
                }
            })
            .collect();
        Open { field, ways }
    }

    /// Decides where to go next, and takes out of `open` what is asked there. All of `open` have ways.
    pub(crate) fn pick(&mut self, destinations: &[Destination], open: &mut Vec<Open>) -> (usize, Vec<Open>) {
        let first = (0..open.len())
            .min_by_key(|index| open[*index].ways.len())
            .unwrap_or(0);
        let mut options: Vec<(_, usize)> = open[first]
            .ways
            .iter()
            .map(|way| {
                let Destination { price, gathered, .. } = destinations[way.to];
                let gain = open
                    .iter()
                    .flat_map(|field| field.ways.iter().filter(|other| other.to == way.to))
                    .fold(0, |gain: usize, other| {
                        gain.saturating_add(other.coverage).saturating_add(1)
                    });
                (
                    (
                        Reverse(way.complete && price == 0),
                        gathered,
                        Reverse(gain),
                        price,
                    ),
                    way.to,
                )
            })
            .collect();
        options.sort();
        let settled = options.first().is_some_and(|((Reverse(free), ..), _)| *free);
        let taken = match settled {
            true => 0,
            false => self.choices.choose(options.len().min(OPTIONS)),
        };
        let to = options[taken].1;
        let mut along = Vec::new();
        let mut index = 0;
        open.retain_mut(|field| {
            let goes = index == first || field.goes_along(to);
            index += 1;
            if goes {
                along.push(Open {
                    field: field.field.clone(),
                    ways: std::mem::take(&mut field.ways),
                });
            }
            !goes
        });
        (to, along)
    }
}

impl Open {
    fn goes_along(&self, to: usize) -> bool {
        let alone = self.ways.len() == 1;
        self.ways
            .iter()
            .any(|way| way.to == to && (way.complete || alone))
    }

    /// Whether `to` is still to be tried after the one that was.
    pub(crate) fn may_still(&self, to: usize, tried: usize) -> bool {
        to != tried && self.ways.iter().any(|way| way.to == to)
    }
}
