//! How the client's response is read out of the data tree.

use apollo_compiler::{Name, ast::Type, schema::ExtendedType};
use causeway_graph::QueryGraph;
use causeway_model::{
    Conjunction, Leaf, Nesting, ProjectedField, ProjectedKind, Projection, ProjectionId, ProjectionNode,
};

use crate::{
    collect::{CollectedField, GuardedSelections, collect},
    operation::{NormalizedOperation, Selection},
};

/// The projection of a whole operation, and whether it asks for the schema itself.
pub(crate) fn projection(graph: &QueryGraph, operation: &NormalizedOperation) -> (Projection, bool) {
    let mut builder = Builder {
        graph,
        nodes: Vec::new(),
        made: Vec::new(),
        has_introspection: false,
    };
    let below = vec![(Conjunction::ALWAYS, operation.selection.clone())];
    builder.node(&operation.root_type, &below);
    (Projection { nodes: builder.nodes }, builder.has_introspection)
}

/// The selections that a node was made from, by identity.
type Origin = Vec<(Conjunction, *const Selection)>;

struct Builder<'a> {
    graph: &'a QueryGraph,
    nodes: Vec<ProjectionNode>,
    /// What each node was made from, so that the same selection on the same type is one node.
    made: Vec<(Name, Origin, ProjectionId)>,
    has_introspection: bool,
}

impl Builder<'_> {
    fn node(&mut self, ty: &Name, below: &GuardedSelections) -> ProjectionId {
        let origin: Vec<_> = below
            .iter()
            .map(|(guard, selection)| (*guard, selection.as_ptr()))
            .collect();
        if let Some((.., id)) = self
            .made
            .iter()
            .find(|(held, from, _)| held == ty && *from == origin)
        {
            return *id;
        }
        let id = ProjectionId(u32::try_from(self.nodes.len()).expect("fewer than 2^32 selections"));
        self.made.push((ty.clone(), origin, id));
        self.nodes.push(ProjectionNode {
            object_type: None,
            by_type: Vec::new(),
            selections: Vec::new(),
        });
        let api = &self.graph.supergraph().api_schema;
        if api.get_object(ty).is_some() {
            let fields = self.fields(ty, below);
            let node = &mut self.nodes[id.0 as usize];
            node.object_type = Some(ty.clone());
            node.selections.push(fields);
            return id;
        }
        let possible: Vec<Name> = self.graph.possible_types(ty).to_vec();
        for concrete in possible.into_iter().filter(|name| api.get_object(name).is_some()) {
            let fields = self.fields(&concrete, below);
            let node = &mut self.nodes[id.0 as usize];
            let index = node
                .selections
                .iter()
                .position(|held| *held == fields)
                .unwrap_or_else(|| {
                    node.selections.push(fields);
                    node.selections.len() - 1
                });
            node.by_type.push((concrete, index));
        }
        id
    }

    fn fields(&mut self, ty: &Name, below: &GuardedSelections) -> Vec<ProjectedField> {
        collect(self.graph, below, ty)
            .into_iter()
            .filter_map(|field| self.field(ty, field))
            .collect()
    }

    fn field(&mut self, ty: &Name, collected: CollectedField) -> Option<ProjectedField> {
        let field = &collected.field;
        let (nesting, kind) = match field.name.as_str() {
            "__typename" => (
                Nesting {
                    non_null: true,
                    items: None,
                },
                ProjectedKind::Typename,
            ),
            "__schema" | "__type" => {
                self.has_introspection = true;
                (
                    Nesting {
                        non_null: false,
                        items: None,
                    },
                    ProjectedKind::Leaf(Leaf::Any),
                )
            }
            name => {
                let graph = self.graph;
                let definition = graph.supergraph().api_schema.type_field(ty, name).ok()?;
                let inner = definition.ty.inner_named_type();
                let kind = if collected.is_leaf() {
                    ProjectedKind::Leaf(self.leaf(inner))
                } else {
                    ProjectedKind::Composite(self.node(inner, &collected.below))
                };
                (nesting(&definition.ty), kind)
            }
        };
        Some(ProjectedField {
            response_key: field.response_key.to_string(),
            key: field.key,
            guard: collected.guard.clone(),
            nesting,
            kind,
        })
    }

    fn leaf(&self, ty: &Name) -> Leaf {
        match (ty.as_str(), self.graph.supergraph().api_schema.types.get(ty)) {
            ("Int", _) => Leaf::Int,
            ("Float", _) => Leaf::Float,
            ("String", _) => Leaf::String,
            ("Boolean", _) => Leaf::Boolean,
            ("ID", _) => Leaf::Id,
            (_, Some(ExtendedType::Enum(found))) => Leaf::Enum(found.values.keys().cloned().collect()),
            _ => Leaf::Any,
        }
    }
}

fn nesting(ty: &Type) -> Nesting {
    match ty {
        Type::Named(_) => Nesting {
            non_null: false,
            items: None,
        },
        Type::NonNullNamed(_) => Nesting {
            non_null: true,
            items: None,
        },
        Type::List(items) => Nesting {
            non_null: false,
            items: Some(Box::new(nesting(items))),
        },
        Type::NonNullList(items) => Nesting {
            non_null: true,
            items: Some(Box::new(nesting(items))),
        },
    }
}
