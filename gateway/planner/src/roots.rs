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
    if operation.operation_type == OperationType::Mutation {
        root.plan_mutation(search, fields)
    } else {
        root.plan_query(search, fields)
    }
}

struct Root {
    ty: Name,
    scope: Rc<Scope>,
}

impl Root {
    /// The subgraph that answers most comes first; what it leaves goes to the next.
    fn plan_query(&self, search: &mut Search<'_>, fields: Vec<CollectedField>) -> Result<(), PlanError> {
        let mut rest = fields;
        let mut tried = BTreeSet::new();
        while !rest.is_empty() {
            let Some(subgraph) = self.best(search, &rest, &tried) else {
                return Err(self.unsatisfiable(search, &rest[0]));
            };
            tried.insert(subgraph);
            let (answered, mut left): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|field| search.coverage_at_root(subgraph, &self.ty, field) > 0);
            let at = self.enter(search, subgraph, BTreeSet::new());
            left.extend(search.plan_local(&at, answered));
            rest = left;
        }
        Ok(())
    }

    /// In the order of the document; fields that follow each other in one subgraph go out together, since the
    /// subgraph runs them in order as well. A mutation is never sent twice.
    fn plan_mutation(&self, search: &mut Search<'_>, fields: Vec<CollectedField>) -> Result<(), PlanError> {
        let mut current: Option<Position> = None;
        for field in fields {
            let Some(subgraph) = self.best(search, std::slice::from_ref(&field), &BTreeSet::new()) else {
                return Err(self.unsatisfiable(search, &field));
            };
            let at = match current.take() {
                Some(at) if at.subgraph == subgraph => at,
                _ => {
                    let before = (0..search.drafts.fetches.len()).collect();
                    let before = search.drafts.reduced(before);
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

    fn best(
        &self,
        search: &Search<'_>,
        rest: &[CollectedField],
        tried: &BTreeSet<SubgraphId>,
    ) -> Option<SubgraphId> {
        let mut best: Option<(usize, SubgraphId)> = None;
        for subgraph in search
            .graph
            .supergraph()
            .subgraph_ids()
            .filter(|id| !tried.contains(id))
        {
            let gain = rest
                .iter()
                .map(|field| search.coverage_at_root(subgraph, &self.ty, field))
                .fold(0, usize::saturating_add);
            if gain > 0 && best.is_none_or(|(held, _)| gain > held) {
                best = Some((gain, subgraph));
            }
        }
        best.map(|(_, subgraph)| subgraph)
    }

    fn enter(&self, search: &mut Search<'_>, subgraph: SubgraphId, depends_on: BTreeSet<usize>) -> Position {
        let node = search.drafts.new_node(self.ty.clone());
        let fetch = search.drafts.new_fetch(FetchDraft {
            subgraph,
            depends_on,
            kind: DraftKind::Root { node },
        });
        Position {
            fetch,
            node,
            subgraph,
            ty: self.ty.clone(),
            local_type: self.ty.clone(),
            path: Rc::from([]),
            narrowed: false,
            scope: self.scope.clone(),
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

impl Search<'_> {
    /// What the subgraph brings of a root field: its leaves, and the field itself.
    fn coverage_at_root(&self, subgraph: SubgraphId, root: &Name, field: &CollectedField) -> usize {
        match self.graph.answered_field(subgraph, root, &field.field.name) {
            Some(_) => self.coverage(subgraph, root, field).saturating_add(1),
            None => 0,
        }
    }
}
