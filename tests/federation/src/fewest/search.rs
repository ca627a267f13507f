//! The exhaustive search.

use std::{cmp::Reverse, collections::BTreeMap, collections::BinaryHeap};

use super::graph::{Case, Owner};

/// Requests, and how many of them wait for each other at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    pub requests: usize,
    pub depth: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fewest {
    /// As few requests as can be, and then as little waiting as can be.
    pub requests: Cost,
    /// As little waiting as can be, and then as few requests.
    pub depth: Cost,
}

/// Leaves of places that are known, one bit each.
type Facts = u64;

#[derive(Debug, Clone, Copy)]
enum Request {
    Root(usize),
    Entities(usize),
}

/// `None`: no requests answer the operation.
pub fn fewest(case: &Case) -> Option<Fewest> {
    let model = Model::new(case);
    let requests = model.walk(|cost| (cost.requests, cost.depth))?;
    let depth = model.walk(|cost| (cost.depth, cost.requests))?;
    Some(Fewest { requests, depth })
}

struct Model<'a> {
    case: &'a Case,
    /// Bit of the first field of each place.
    first: Vec<usize>,
    wanted: Facts,
    requests: Vec<Request>,
}

impl<'a> Model<'a> {
    fn new(case: &'a Case) -> Self {
        let mut bits = 0;
        let first = case
            .places
            .iter()
            .map(|place| {
                let at = bits;
                bits += case.types[place.ty].fields.len();
                at
            })
            .collect();
        assert!(bits <= 64, "{bits} facts do not fit");
        let mut model = Self {
            case,
            first,
            wanted: 0,
            requests: (0..case.subgraphs)
                .flat_map(|subgraph| [Request::Root(subgraph), Request::Entities(subgraph)])
                .collect(),
        };
        for (place, found) in case.places.iter().enumerate() {
            for leaf in &found.leaves {
                model.wanted |= model.fact(place, *leaf);
            }
        }
        model
    }

    fn fact(&self, place: usize, field: usize) -> Facts {
        1 << (self.first[place] + field)
    }

    fn known(&self, facts: Facts, place: usize, fields: &[usize]) -> bool {
        fields.iter().all(|field| facts & self.fact(place, *field) != 0)
    }

    /// The cheapest way from nothing to all that is wanted, by Dijkstra; a step is a set of requests that leave together.
    fn walk(&self, rank: impl Fn(Cost) -> (usize, usize)) -> Option<Cost> {
        let nothing = Cost {
            requests: 0,
            depth: 0,
        };
        let mut best: BTreeMap<Facts, (usize, usize)> = BTreeMap::from([(0, (0, 0))]);
        let mut open = BinaryHeap::from([Reverse((rank(nothing), 0, nothing))]);
        while let Some(Reverse((held, facts, cost))) = open.pop() {
            if facts & self.wanted == self.wanted {
                return Some(cost);
            }
            if best.get(&facts).is_some_and(|known| *known < held) {
                continue;
            }
            let brought: Vec<Facts> = self
                .requests
                .iter()
                .map(|request| self.brings(*request, facts) & !facts)
                .filter(|brought| *brought != 0)
                .collect();
            for set in 1_u32..1 << brought.len() {
                let chosen = (0..brought.len()).filter(|at| set >> at & 1 == 1);
                let next = chosen.fold(facts, |next, at| next | brought[at]);
                let cost = Cost {
                    requests: cost.requests + set.count_ones() as usize,
                    depth: cost.depth + 1,
                };
                let ranked = rank(cost);
                if best.get(&next).is_none_or(|known| ranked < *known) {
                    best.insert(next, ranked);
                    open.push(Reverse((ranked, next, cost)));
                }
            }
        }
        None
    }

    /// All that a request can bring when it leaves with `facts` known.
    fn brings(&self, request: Request, facts: Facts) -> Facts {
        match request {
            Request::Root(subgraph) => self.taken(subgraph, 0, &[], &|_| true),
            Request::Entities(subgraph) => (1..self.case.places.len())
                .filter(|place| self.enters(subgraph, *place, facts))
                .fold(0, |brought, place| {
                    let sent = |owner: &Owner| self.known(facts, place, &owner.requires);
                    brought | self.taken(subgraph, place, &[], &sent)
                }),
        }
    }

    fn enters(&self, subgraph: usize, place: usize, facts: Facts) -> bool {
        let ty = &self.case.types[self.case.places[place].ty];
        let mut keys = ty.keys[subgraph].iter();
        keys.any(|(key, resolvable)| *resolvable && self.known(facts, place, key))
    }

    /// What a subgraph that has come to a place takes there and below. `sent` says which of the fields with `@requires` it can
    /// answer at the place itself; below it nothing was sent.
    fn taken(
        &self,
        subgraph: usize,
        place: usize,
        provided: &[usize],
        sent: &dyn Fn(&Owner) -> bool,
    ) -> Facts {
        let found = &self.case.places[place];
        let fields = &self.case.types[found.ty].fields;
        let mut facts = 0;
        for (index, field) in fields.iter().enumerate() {
            if provided.contains(&index) {
                facts |= self.fact(place, index);
                continue;
            }
            let Some(owner) = field.owner(subgraph) else {
                continue;
            };
            if !owner.requires.is_empty() && !sent(owner) {
                continue;
            }
            if field.to.is_none() {
                facts |= self.fact(place, index);
            }
            for (_, child) in found.children.iter().filter(|(link, _)| *link == index) {
                let nothing = |owner: &Owner| owner.requires.is_empty();
                facts |= self.taken(subgraph, *child, &owner.provides, &nothing);
            }
        }
        facts
    }
}
