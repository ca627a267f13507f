//! The operation's root: which subgraphs are asked first.

use std::{collections::BTreeSet, rc::Rc};

use apollo_compiler::{Name, ast::OperationType};
use causeway_model::{Conjunction, SubgraphId};

use crate::{
    PlanError,
    collect::{CollectedField, collect},
    draft::{DraftKind, FetchDraft},
    operation::NormalizedOperation,
    position::Position,
    scope::Scope,
    search::Search,
    targets::{Destination, Open},
};

pub(crate) fn plan_roots(
    search: &mut Search<'_>,
    operation: &NormalizedOperation,
    scope: &Rc<Scope>,
) -> Result<(), PlanError> {
    let selection = [(Conjunction::ALWAYS, operation.selection.clone())];
    let fields: Vec<CollectedField> = collect(search.graph, &selection, &operation.root_type)
        .into_iter()
        .filter(|field| !field.field.name.starts_with("__"))
        .collect();
    let root = Root {
        ty: operation.root_type.clone(),
        scope: scope.clone(),
    };
    match operation.operation_type {
        OperationType::Query => root.plan_query(search, fields),
        // A subscription has one root field, and one subgraph sends its events.
        OperationType::Mutation | OperationType::Subscription => root.plan_mutation(search, fields),
    }
}

/// Asks for more at the root, beside what was asked at `at`.
pub(crate) fn plan_more(
    search: &mut Search<'_>,
    at: &Position,
    fields: Vec<CollectedField>,
) -> Result<(), PlanError> {
    let root = Root {
        ty: at.ty.clone(),
        scope: at.scope.clone(),
    };
    root.plan_query(search, fields)
}

struct Root {
    ty: Name,
    scope: Rc<Scope>,
}

impl Root {
    fn plan_query(&self, search: &mut Search<'_>, fields: Vec<CollectedField>) -> Result<(), PlanError> {
        let mut destinations: Vec<Destination> = search
            .graph
            .supergraph()
            .subgraph_ids()
            .map(|subgraph| Destination {
                subgraph,
                type_name: self.ty.clone(),
                price: 1,
                gathered: false,
            })
            .collect();
        let answers = |search: &Search<'_>, to: &Destination, field: &CollectedField| {
            let field = search
                .graph
                .answered_field(to.subgraph, &self.ty, &field.field.name);
            field.is_some()
        };
        let mut entered: Vec<Option<Position>> = destinations.iter().map(|_| None).collect();
        let mut open: Vec<Open> = fields
            .into_iter()
            .map(|field| {
                search.open(&destinations, field, |to, field| {
                    answers(search, &destinations[to], field)
                })
            })
            .collect();
        while !open.is_empty() && !search.abandoned {
            if let Some(stuck) = open.iter().find(|field| field.ways.is_empty()) {
                return Err(self.unsatisfiable(search, &stuck.field));
            }
            let (to, fields) = search.pick(&destinations, &mut open);
            let at = entered[to]
                .get_or_insert_with(|| self.enter(search, destinations[to].subgraph, BTreeSet::new()))
                .clone();
            destinations[to].price = 0;
            let asked = fields.iter().map(|open| open.field.clone()).collect();
            for left in search.plan_local(&at, asked) {
                let before = fields
                    .iter()
                    .find(|before| Rc::ptr_eq(&before.field.field, &left.field));
                open.push(search.open(&destinations, left, |other, field| {
                    before.is_some_and(|before| before.may_still(other, to))
                        && answers(search, &destinations[other], field)
                }));
            }
        }
        Ok(())
    }

    /// In the order of the document; fields that follow each other in one subgraph go out together, since the
    /// subgraph runs them in order as well. A mutation is never sent twice.
    fn plan_mutation(&self, search: &mut Search<'_>, fields: Vec<CollectedField>) -> Result<(), PlanError> {
        let mut current: Option<Position> = None;
        for field in fields {
            let Some(subgraph) = self.best(search, &field) else {
                return Err(self.unsatisfiable(search, &field));
            };
            let at = match current.take() {
                Some(at) if at.subgraph == subgraph => at,
                _ => {
                    let before = search.drafts.last();
                    self.enter(search, subgraph, before)
                }
            };
            if let Some(left) = search.plan_local(&at, vec![field]).first() {
                return Err(self.unsatisfiable(search, left));
            }
            current = Some(at);
        }
        Ok(())
    }

    /// The subgraph that answers most of a mutation's field.
    fn best(&self, search: &Search<'_>, field: &CollectedField) -> Option<SubgraphId> {
        let graph = search.graph;
        graph
            .supergraph()
            .subgraph_ids()
            .filter(|id| graph.answered_field(*id, &self.ty, &field.field.name).is_some())
            .max_by_key(|id| (search.coverage(*id, &self.ty, field), std::cmp::Reverse(*id)))
    }

    fn enter(&self, search: &mut Search<'_>, subgraph: SubgraphId, depends_on: BTreeSet<usize>) -> Position {
        let node = search.drafts.new_node(self.ty.clone());
        let fetch = search.drafts.new_fetch(FetchDraft {
            subgraph,
            depends_on,
            kind: DraftKind::Root { node },
        });
        search.check_limit();
        Position {
            fetch,
            node,
            subgraph,
            ty: self.ty.clone(),
            local_type: self.ty.clone(),
            path: Rc::from([]),
            narrowed: false,
            shared: false,
            scope: self.scope.clone(),
            parent: None,
            provided: None,
        }
    }

    fn unsatisfiable(&self, search: &Search<'_>, field: &CollectedField) -> PlanError {
        let graph = search.graph.supergraph();
        let knows: Vec<&str> = graph
            .subgraphs
            .iter()
            .filter(|subgraph| subgraph.field(&self.ty, &field.field.name).is_some())
            .map(|subgraph| subgraph.name.as_str())
            .collect();
        PlanError::Unsatisfiable {
            coordinate: format!("{}.{}", self.ty, field.field.name),
            path: field.field.response_key.to_string(),
            reason: format!(
                "it is defined in [{}], but part of what is selected below it cannot be reached from there",
                knows.join(", ")
            ),
        }
    }
}
