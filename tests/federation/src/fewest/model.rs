//! What one request can bring.

use super::{
    facts::Facts,
    graph::{Case, Owner},
};

/// A place as it was reached: through which subgraph each link on the way to it was taken. Keys and requirements are sent from one
/// stand only.
struct Stand {
    place: usize,
    /// Fact of each field that a key or a `@requires` names: it is known here.
    sendable: Vec<Option<usize>>,
    /// Field, subgraph that answers it, stand that it leads to.
    children: Vec<(usize, usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Request {
    Root(usize),
    Entities(usize),
}

/// What is known, and what of it came last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Known {
    pub(super) facts: Facts,
    /// Facts of the last step that could not be had without such facts of each step before.
    pub(super) chain: Facts,
}

/// What a request brings: all of it, and what of it waits for the last step.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brought {
    pub(super) facts: Facts,
    pub(super) waited: Facts,
}

pub(super) struct Model<'a> {
    case: &'a Case,
    stands: Vec<Stand>,
    /// Fact of each leaf that is asked for, by place: it is known, from wherever.
    answers: Vec<Vec<Option<usize>>>,
    pub(super) wanted: Facts,
    pub(super) requests: Vec<Request>,
    facts: usize,
}

/// An entity or a root document from which fields are taken.
#[derive(Clone, Copy)]
struct Entry<'b> {
    subgraph: usize,
    sent: &'b dyn Fn(&Owner) -> Sent,
}

/// Whether a field is answered, with what is sent for it.
#[derive(Clone, Copy, PartialEq)]
enum Sent {
    No,
    Yes { waits: bool },
}

impl<'a> Model<'a> {
    /// `None`: there are more facts than fit.
    pub(super) fn new(case: &'a Case) -> Option<Self> {
        let mut model = Self {
            case,
            stands: Vec::new(),
            answers: Vec::new(),
            wanted: Facts::default(),
            requests: (0..case.subgraphs)
                .flat_map(|subgraph| [Request::Root(subgraph), Request::Entities(subgraph)])
                .collect(),
            facts: 0,
        };
        for place in &case.places {
            let fields = 0..case.types[place.ty].fields.len();
            let answers = fields
                .map(|field| place.leaves.contains(&field).then(|| model.fact()))
                .collect();
            model.answers.push(answers);
        }
        model.stand(0);
        if model.facts > Facts::MOST {
            return None;
        }
        let wanted = model.answers.iter().flatten().flatten();
        model.wanted = wanted.fold(Facts::default(), |all, fact| all | Facts::one(*fact));
        Some(model)
    }

    fn fact(&mut self) -> usize {
        self.facts += 1;
        self.facts - 1
    }

    /// Adds a stand with all below it; gives its index.
    fn stand(&mut self, place: usize) -> usize {
        let index = self.stands.len();
        let case = self.case;
        let ty = &case.types[case.places[place].ty];
        let is_sent = |field: &usize| {
            let mut keys = ty.keys.iter().flatten();
            let mut owners = ty.fields.iter().flat_map(|field| &field.owners);
            keys.any(|(key, resolvable)| *resolvable && key.contains(field))
                || owners.any(|owner| owner.requires.contains(field))
        };
        let sendable = (0..ty.fields.len())
            .map(|field| is_sent(&field).then(|| self.fact()))
            .collect();
        self.stands.push(Stand {
            place,
            sendable,
            children: Vec::new(),
        });
        for (link, child) in &case.places[place].children {
            for owner in &ty.fields[*link].owners {
                if self.facts > Facts::MOST {
                    return index;
                }
                let below = self.stand(*child);
                self.stands[index].children.push((*link, owner.subgraph, below));
            }
        }
        index
    }

    /// All that a request can bring when it leaves with `known`.
    pub(super) fn brings(&self, request: Request, known: &Known) -> Brought {
        let mut brought = Brought::default();
        match request {
            Request::Root(subgraph) => {
                let waits = known.facts.is_empty();
                let sent = |_: &Owner| Sent::Yes { waits };
                self.take(
                    &mut brought,
                    0,
                    &[],
                    Entry {
                        subgraph,
                        sent: &sent,
                    },
                );
            }
            Request::Entities(subgraph) => {
                for (index, stand) in self.stands.iter().enumerate().skip(1) {
                    let Sent::Yes { waits } = self.enters(subgraph, stand, known) else {
                        continue;
                    };
                    let sent = |owner: &Owner| match self.sends(stand, &owner.requires, known) {
                        Sent::Yes { waits: required } => Sent::Yes {
                            waits: waits || required,
                        },
                        Sent::No => Sent::No,
                    };
                    self.take(
                        &mut brought,
                        index,
                        &[],
                        Entry {
                            subgraph,
                            sent: &sent,
                        },
                    );
                }
            }
        }
        brought
    }

    /// Whether all of `fields` are known at a stand.
    fn sends(&self, stand: &Stand, fields: &[usize], known: &Known) -> Sent {
        let facts: Option<Vec<usize>> = fields.iter().map(|field| stand.sendable[*field]).collect();
        match facts {
            Some(facts) if facts.iter().all(|fact| known.facts.has(*fact)) => Sent::Yes {
                waits: facts.iter().any(|fact| known.chain.has(*fact)),
            },
            _ => Sent::No,
        }
    }

    fn enters(&self, subgraph: usize, stand: &Stand, known: &Known) -> Sent {
        let ty = &self.case.types[self.case.places[stand.place].ty];
        let keys = ty.keys[subgraph].iter().filter(|(_, resolvable)| *resolvable);
        // With a key that was known before, it did not have to wait.
        let soonest = |one, other| match one {
            Sent::Yes { waits: false } => one,
            _ => other,
        };
        keys.map(|(key, _)| self.sends(stand, key, known))
            .filter(|sent| *sent != Sent::No)
            .reduce(soonest)
            .unwrap_or(Sent::No)
    }

    /// What is taken at a stand and below: `@requires` is sent for the fields of the entity itself only.
    fn take(&self, brought: &mut Brought, index: usize, provided: &[usize], entry: Entry<'_>) {
        let stand = &self.stands[index];
        let fields = &self.case.types[self.case.places[stand.place].ty].fields;
        let nothing = Owner::default();
        for (field, found) in fields.iter().enumerate() {
            let owner = match found.owner(entry.subgraph) {
                _ if provided.contains(&field) => &nothing,
                Some(owner) => owner,
                None => continue,
            };
            let Sent::Yes { waits } = (entry.sent)(owner) else {
                continue;
            };
            let facts = [stand.sendable[field], self.answers[stand.place][field]];
            for fact in facts.into_iter().flatten() {
                brought.facts |= Facts::one(fact);
                if waits {
                    brought.waited |= Facts::one(fact);
                }
            }
            let below = |owner: &Owner| match owner.requires.is_empty() {
                true => Sent::Yes { waits },
                false => Sent::No,
            };
            let below = Entry {
                sent: &below,
                ..entry
            };
            for (link, subgraph, child) in &stand.children {
                if *link == field && *subgraph == entry.subgraph {
                    self.take(brought, *child, &owner.provides, below);
                }
            }
        }
    }
}
