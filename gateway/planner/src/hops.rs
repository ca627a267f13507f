//! Entity hops: what the subgraph at hand does not answer is loaded from others by the entity's keys.

use std::{collections::BTreeSet, rc::Rc};

use apollo_compiler::{Name, name};
use causeway_graph::{Hop, HopRoute};
use causeway_model::{
    Conjunction, FieldSet, FieldSetItem, Guard, RepresentationField, SubgraphField, SubgraphId,
};

use crate::{
    collect::{CollectedField, GuardedSelections, collect},
    context::ContextDraft,
    draft::{DraftKind, EntityDraft, compatible, merge_representation},
    position::Position,
    requires::{Needed, NeededBuilder},
    search::Search,
    targets::{Destination, Open},
};

/// Fields that are asked for in one fetch after what they require is there.
#[derive(Default)]
struct Bundle {
    fields: Vec<CollectedField>,
    awaited: Awaited,
}

/// What must be there before an entity is asked for, beside its key.
#[derive(Default)]
pub(crate) struct Awaited {
    pub(crate) after: BTreeSet<usize>,
    pub(crate) representation: Vec<RepresentationField>,
    pub(crate) contexts: Vec<ContextDraft>,
}

impl Search<'_> {
    /// Loads `rest` from other subgraphs (and from this one, where `@requires` needs data first). Gives what no hop
    /// at this object can bring.
    pub(crate) fn plan_hops(&mut self, at: &Position, rest: Vec<CollectedField>) -> Vec<CollectedField> {
        let (mut destinations, routes) = self.destinations(at, &rest);
        let helps = |search: &Self, to: &Destination, field: &CollectedField| {
            search.answers_after_hop(at, to, field).is_some()
        };
        let mut open: Vec<Open> = rest
            .into_iter()
            .map(|field| {
                self.open(&destinations, field, |to, field| {
                    helps(self, &destinations[to], field)
                })
            })
            .collect();
        let mut failed = Vec::new();
        loop {
            let hopeless = open.extract_if(.., |field| field.ways.is_empty());
            failed.extend(hopeless.map(|open| open.field));
            if open.is_empty() || self.abandoned {
                return failed;
            }
            let (to, fields) = self.pick(&destinations, &mut open);
            let asked = fields.iter().map(|open| open.field.clone()).collect();
            let route = self.route(at, &routes[to]);
            destinations[to].price = 0;
            for left in self.plan_at(at, &destinations[to], &route, asked) {
                let before = fields
                    .iter()
                    .find(|before| Rc::ptr_eq(&before.field.field, &left.field));
                open.push(self.open(&destinations, left, |other, field| {
                    before.is_some_and(|before| before.may_still(other, to))
                        && helps(self, &destinations[other], field)
                }));
            }
        }
    }

    /// Subgraphs that answer any of `fields` and can be reached from here, with the shortest way to each.
    fn destinations(&self, at: &Position, fields: &[CollectedField]) -> (Vec<Destination>, Vec<HopRoute>) {
        let provided = at.provided.as_deref();
        let mut destinations = Vec::new();
        let mut routes = Vec::new();
        let reachable = self.graph.reachable(&at.ty, at.subgraph, provided);
        for route in self.gathering(at, fields, &reachable) {
            destinations.push(Destination {
                subgraph: route[0].to,
                type_name: route[0].type_name.clone(),
                price: 2,
                gathered: true,
            });
            routes.push(route);
        }
        for (subgraph, type_name) in reachable {
            let mut destination = Destination {
                subgraph,
                type_name,
                price: 0,
                gathered: false,
            };
            if !fields
                .iter()
                .any(|field| self.answers_after_hop(at, &destination, field).is_some())
            {
                continue;
            }
            if let Some(route) = self.graph.route(&at.ty, at.subgraph, subgraph, provided) {
                destination.price = match self.leaves_anyway(at, &route) {
                    true => 0,
                    false => route.len(),
                };
                destinations.push(destination);
                routes.push(route);
            }
        }
        // What the graph lists by distance is ranked by subgraph.
        let mut order: Vec<usize> = (0..destinations.len()).collect();
        order.sort_by_key(|index| destinations[*index].subgraph);
        let mut pairs: Vec<Option<(Destination, HopRoute)>> =
            destinations.into_iter().zip(routes).map(Some).collect();
        order.into_iter().filter_map(|index| pairs[index].take()).unzip()
    }

    /// Straight ways to subgraphs that answer any of `fields` and that no route leads to: part of a key is answered only with data from
    /// elsewhere.
    fn gathering(
        &self,
        at: &Position,
        fields: &[CollectedField],
        reachable: &[(SubgraphId, Name)],
    ) -> Vec<HopRoute> {
        let graph = self.graph;
        let answers = |subgraph, ty: &Name, name: &Name| graph.answered_field(subgraph, ty, name).is_some();
        let has = |item: &FieldSetItem| match item {
            FieldSetItem::Field(field) => {
                answers(at.subgraph, &at.local_type, &field.name)
                    || reachable.iter().any(|(id, ty)| answers(*id, ty, &field.name))
            }
            FieldSetItem::Fragment { .. } => false,
        };
        let others = graph
            .supergraph()
            .subgraph_ids()
            .filter(|id| *id != at.subgraph && reachable.iter().all(|(held, _)| held != id));
        others
            .filter_map(|id| {
                let mut straight = self.straight(at, id).into_iter();
                straight.find(|route| {
                    let wanted = |field: &CollectedField| answers(id, &route[0].type_name, &field.field.name);
                    fields.iter().any(wanted) && route[0].key.items.iter().all(has)
                })
            })
            .collect()
    }

    /// A request to where `route` leads goes out at that moment anyway.
    fn leaves_anyway(&self, at: &Position, route: &HopRoute) -> bool {
        let [hop] = route.as_slice() else {
            return false;
        };
        self.drafts.fetches.iter().any(|fetch| {
            fetch.subgraph == hop.to
                && matches!(fetch.kind, DraftKind::Entities { .. })
                && fetch.depends_on.len() == 1
                && fetch.depends_on.contains(&at.fetch)
        })
    }

    /// One of the ways to the end of `shortest`: over the graph's routes, or straight, once its key was gathered.
    fn route(&mut self, at: &Position, shortest: &HopRoute) -> HopRoute {
        if shortest.len() < 2 {
            return shortest.clone();
        }
        let routes = self.routes(at, shortest);
        let taken = self.choices.choose(routes.len());
        routes[taken].clone()
    }

    /// Looked for once for all runs, where no `@provides` shortens them.
    fn routes(&mut self, at: &Position, shortest: &HopRoute) -> Rc<[HopRoute]> {
        let detours = || {
            let detours = self
                .graph
                .detours(&at.ty, at.subgraph, shortest, at.provided.as_deref());
            let straight = shortest
                .last()
                .into_iter()
                .flat_map(|last| self.straight(at, last.to));
            [shortest.clone()]
                .into_iter()
                .chain(detours)
                .chain(straight)
                .collect()
        };
        let Some(last) = shortest.last().filter(|_| at.provided.is_none()) else {
            return detours();
        };
        let question = (at.ty.clone(), at.subgraph, last.to);
        if let Some(known) = self.routes.get(&question) {
            return known.clone();
        }
        let found: Rc<[HopRoute]> = detours();
        self.routes.insert(question, found.clone());
        found
    }

    /// Straight to a subgraph by a key that is gathered like what a `@requires` asks for. Routes are made of what subgraphs answer
    /// without data from elsewhere, so this is for keys of which a part may be had only with such data.
    fn straight(&self, at: &Position, to: SubgraphId) -> Vec<HopRoute> {
        let graph = self.graph;
        let needs_data = |item: &FieldSetItem| match item {
            FieldSetItem::Field(field) => graph.supergraph().subgraph_ids().any(|id| {
                let definition = graph.answered_field(id, &at.ty, &field.name);
                definition.is_some_and(SubgraphField::needs_data)
            }),
            FieldSetItem::Fragment { .. } => false,
        };
        let keys = graph.keys(to, &at.ty);
        keys.filter(|(_, key)| key.items.iter().any(needs_data))
            .map(|(type_name, key)| {
                vec![Hop {
                    to,
                    type_name: type_name.clone(),
                    sources: vec![None; key.items.len()],
                    key: key.clone(),
                }]
            })
            .collect()
    }

    /// Loads parts of a key for `to` that the subgraph at hand does not answer. Gives what cannot be had. Not while another key is
    /// gathered: each would ask all others in turn.
    fn gather(&mut self, at: &Position, to: SubgraphId, parts: Vec<CollectedField>) -> Vec<CollectedField> {
        let this = (to, at.ty.clone(), name!("_entities"));
        let is_gathering = |(_, _, field): &(SubgraphId, Name, Name)| *field == this.2;
        if parts.is_empty() || self.requiring.iter().any(is_gathering) {
            return parts;
        }
        self.requiring.push(this);
        let missing = self.plan_hops(at, parts);
        self.requiring.pop();
        missing
    }

    /// Whether entering `to` helps with `field`. Going back into the subgraph at hand helps only
    /// fields that could not be asked for without data that must be sent.
    fn answers_after_hop(
        &self,
        at: &Position,
        to: &Destination,
        field: &CollectedField,
    ) -> Option<&SubgraphField> {
        let definition = self
            .graph
            .answered_field(to.subgraph, &to.type_name, &field.field.name)?;
        (to.subgraph != at.subgraph || definition.needs_data()).then_some(definition)
    }

    /// Asks for `fields` at the end of `route`. Gives what cannot be planned there.
    fn plan_at(
        &mut self,
        at: &Position,
        to: &Destination,
        route: &HopRoute,
        fields: Vec<CollectedField>,
    ) -> Vec<CollectedField> {
        // Fields that require different things are asked for apart, so that what is missing for one leaves the others alone; they may
        // still travel in one request.
        let mut bundles = vec![Bundle::default()];
        let mut left = Vec::new();
        for field in fields {
            let Some(definition) = self.answers_after_hop(at, to, &field) else {
                left.push(field);
                continue;
            };
            if !definition.needs_data() {
                bundles[0].fields.push(field);
                continue;
            }
            match self.plan_needed(at, to, field.clone()) {
                Some(bundle) => add_bundle(&mut bundles, bundle),
                None => left.push(field),
            }
        }
        for bundle in bundles.into_iter().filter(|bundle| !bundle.fields.is_empty()) {
            match self.enter(at, route, bundle.awaited) {
                Some(entered) => left.extend(self.descend_into(&entered, bundle.fields)),
                None => left.extend(bundle.fields),
            }
        }
        left
    }

    fn descend_into(&mut self, entered: &Position, fields: Vec<CollectedField>) -> Vec<CollectedField> {
        let graph = self.graph;
        let mut left = Vec::new();
        for field in fields {
            match graph.answered_field(entered.subgraph, &entered.local_type, &field.field.name) {
                Some(definition) => left.extend(self.descend(entered, field, definition)),
                None => left.push(field),
            }
        }
        left
    }

    /// Plans what `field` requires and what its arguments read from contexts. `None` when that cannot be had, or needs
    /// the field itself.
    fn plan_needed(&mut self, at: &Position, to: &Destination, field: CollectedField) -> Option<Bundle> {
        let graph = self.graph;
        let definition = graph.answered_field(to.subgraph, &to.type_name, &field.field.name)?;
        let this = (to.subgraph, at.ty.clone(), field.field.name.clone());
        if self.requiring.contains(&this) {
            return None;
        }
        self.requiring.push(this);
        self.drafts.watch();
        let representation = match &definition.requires {
            Some(required) => self.plan_required(at, required, &field.guard),
            None => Some(Vec::new()),
        };
        let contexts = self.plan_contexts(at, &definition.context_arguments);
        let after = self.drafts.watched();
        self.requiring.pop();
        Some(Bundle {
            fields: vec![field],
            awaited: Awaited {
                after,
                representation: representation?,
                contexts: contexts?,
            },
        })
    }

    fn plan_required(
        &mut self,
        at: &Position,
        required: &FieldSet,
        guard: &Guard,
    ) -> Option<Vec<RepresentationField>> {
        let needed = self.needed_when(required, at, false, guard);
        let selections: GuardedSelections = match guard.terms() {
            [] => vec![(Conjunction::ALWAYS, needed.selection.clone())],
            terms => terms
                .iter()
                .map(|term| (*term, needed.selection.clone()))
                .collect(),
        };
        let fields = collect(self.graph, &selections, &at.ty);
        let missing = self.plan_object(at, fields);
        missing.is_empty().then_some(needed.representation)
    }

    pub(crate) fn needed(&self, set: &FieldSet, at: &Position, is_key: bool) -> Needed {
        self.needed_when(set, at, is_key, &Guard::ALWAYS)
    }

    fn needed_when(&self, set: &FieldSet, at: &Position, is_key: bool, guard: &Guard) -> Needed {
        NeededBuilder {
            graph: self.graph,
            keys: self.keys,
            is_key,
            guard,
        }
        .build(set, &at.ty, &at.scope)
    }

    /// Makes the hops of a route. Gives the place that the last one leads to.
    pub(crate) fn enter(&mut self, at: &Position, route: &HopRoute, awaited: Awaited) -> Option<Position> {
        let mut entered: Vec<Position> = Vec::with_capacity(route.len());
        for (index, hop) in route.iter().enumerate() {
            let mut representation = Vec::new();
            let mut depends_on = BTreeSet::from([at.fetch]);
            for (item, source) in hop.key.items.iter().zip(&hop.sources) {
                let from = source.map_or(at, |earlier| &entered[earlier]).clone();
                depends_on.insert(from.fetch);
                let needed = self.needed(
                    &FieldSet {
                        items: vec![item.clone()],
                    },
                    &from,
                    true,
                );
                let fields = collect(
                    self.graph,
                    &[(Conjunction::ALWAYS, needed.selection.clone())],
                    &at.ty,
                );
                // What is nested in a key may take hops of its own.
                self.drafts.watch();
                let missing = self.plan_local(&from, fields);
                let missing = self.gather(&from, hop.to, missing);
                depends_on.extend(self.drafts.watched());
                if !missing.is_empty() {
                    return None;
                }
                merge_representation(&mut representation, needed.representation);
            }
            if index + 1 == route.len() {
                depends_on.extend(awaited.after.iter().copied());
                merge_representation(&mut representation, awaited.representation.clone());
            }
            let depends_on = self.drafts.reduced(depends_on);
            let (fetch, node) = self.drafts.entity_target(
                hop.to,
                &depends_on,
                &at.path,
                EntityDraft {
                    concrete: &at.ty,
                    type_name: &hop.type_name,
                    alike: self.graph.possible_types(&at.ty) != std::slice::from_ref(&at.ty),
                    representation,
                    contexts: match index + 1 == route.len() {
                        true => awaited.contexts.clone(),
                        false => Vec::new(),
                    },
                },
            );
            self.check_limit();
            entered.push(Position {
                fetch,
                node,
                subgraph: hop.to,
                ty: at.ty.clone(),
                local_type: hop.type_name.clone(),
                path: at.path.clone(),
                narrowed: at.narrowed,
                shared: false,
                scope: Rc::clone(&at.scope),
                parent: at.parent.clone(),
                provided: None,
            });
        }
        entered.pop()
    }
}

impl Bundle {
    fn absorb(&mut self, other: Self) {
        self.fields.extend(other.fields);
        self.awaited.after.extend(other.awaited.after);
        merge_representation(&mut self.awaited.representation, other.awaited.representation);
    }
}

impl Awaited {
    /// Whether one entity can be sent with both.
    fn fits(&self, other: &Self) -> bool {
        self.contexts == other.contexts && compatible(&self.representation, &other.representation)
    }
}

/// Fields that wait for the same go together.
fn add_bundle(bundles: &mut Vec<Bundle>, bundle: Bundle) {
    let fits =
        |held: &&mut Bundle| held.awaited.after == bundle.awaited.after && held.awaited.fits(&bundle.awaited);
    match bundles.iter_mut().skip(1).find(fits) {
        Some(held) => held.absorb(bundle),
        None => bundles.push(bundle),
    }
}
