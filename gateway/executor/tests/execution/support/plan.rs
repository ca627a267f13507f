//! Query plans in a few lines.

use apollo_compiler::{Schema, ast::OperationType};
use causeway_model::{
    Conjunction, EntityCall, EntityPlace, EntityTarget, Fetch, FetchId, FetchTarget, Guard, KeyId, Leaf,
    Name, PathSegment, ProjectedField, ProjectedKind, Projection, ProjectionId, ProjectionNode, QueryPlan,
    Representation, RepresentationField, Shape, ShapeField, ShapeId, Subgraph, SubgraphId, Supergraph,
};

use super::notation::{Item, parse};

pub(crate) struct PlanBuilder {
    pub(crate) plan: QueryPlan,
    subgraphs: Vec<String>,
}

/// One `_entities` field.
pub(crate) struct Call {
    places: Vec<(String, String)>,
    brings: String,
}

impl Call {
    /// `targets`: `Concrete=Sent { fields }` for each concrete type, or just `Concrete { fields }`.
    pub(crate) fn at(path: &str, targets: &str) -> Self {
        Self {
            places: vec![(path.into(), targets.into())],
            brings: String::new(),
        }
    }

    pub(crate) fn and_at(mut self, path: &str, targets: &str) -> Self {
        self.places.push((path.into(), targets.into()));
        self
    }

    pub(crate) fn brings(mut self, shape: &str) -> Self {
        self.brings = shape.into();
        self
    }
}

impl PlanBuilder {
    /// A plan without fetches; `projection` is what the client asked for.
    pub(crate) fn new(projection: &str) -> Self {
        let plan = QueryPlan {
            operation_type: OperationType::Query,
            fetches: Vec::new(),
            keys: vec!["__typename".to_owned()],
            conditions: Vec::new(),
            deferred: Vec::new(),
            projection: Projection::default(),
            has_introspection: false,
        };
        let mut builder = Self {
            plan,
            subgraphs: Vec::new(),
        };
        builder.projection(&["Query".to_owned()], &parse(projection));
        builder
    }

    /// A fetch of root fields. Gives its number.
    pub(crate) fn root(&mut self, subgraph: &str, brings: &str) -> u32 {
        let mut shape = Shape::default();
        let node = self.shape(&parse(brings), &mut shape);
        self.fetch(subgraph, &[], FetchTarget::Root { shape: node }, shape)
    }

    /// A fetch with one `_entities` field for one place.
    pub(crate) fn entities(
        &mut self,
        subgraph: &str,
        after: &[u32],
        place: (&str, &str),
        brings: &str,
    ) -> u32 {
        self.calls(subgraph, after, vec![Call::at(place.0, place.1).brings(brings)])
    }

    pub(crate) fn calls(&mut self, subgraph: &str, after: &[u32], calls: Vec<Call>) -> u32 {
        let mut shape = Shape::default();
        let alone = calls.len() == 1;
        let calls = calls
            .into_iter()
            .enumerate()
            .map(|(number, call)| EntityCall {
                alias: if alone {
                    "_entities".to_owned()
                } else {
                    format!("_e{number}")
                },
                variable: if alone {
                    "representations".to_owned()
                } else {
                    format!("r{number}")
                },
                places: call
                    .places
                    .iter()
                    .map(|(path, targets)| self.place(path, targets))
                    .collect(),
                shape: self.shape(&parse(&call.brings), &mut shape),
                contexts: Vec::new(),
            })
            .collect();
        self.fetch(subgraph, after, FetchTarget::Entities(calls), shape)
    }

    pub(crate) fn after(&mut self, fetch: u32, others: &[u32]) {
        self.plan.fetches[fetch as usize].depends_on = others.iter().copied().map(FetchId).collect();
    }

    /// As in the notation: `@if(variable)`.
    pub(crate) fn guard(&mut self, fetch: u32, guard: &str) {
        let item = parse(&format!("x {guard}")).remove(0);
        self.plan.fetches[fetch as usize].guard = self.guard_of(&item);
    }

    pub(crate) fn uses(&mut self, fetch: u32, variables: &[&str]) {
        self.plan.fetches[fetch as usize].variables = variables.iter().map(|name| named(name)).collect();
    }

    pub(crate) fn supergraph(&self) -> Supergraph {
        let schema = Schema::parse_and_validate("type Query { x: Int }", "x.graphql").unwrap();
        let subgraphs = self.subgraphs.iter().map(|name| Subgraph {
            name: name.clone(),
            url: String::new(),
            types: Default::default(),
        });
        Supergraph {
            schema: schema.clone(),
            api_schema: schema,
            subgraphs: subgraphs.collect(),
            labels: Vec::new(),
            contexts: Default::default(),
        }
    }

    fn fetch(&mut self, subgraph: &str, after: &[u32], target: FetchTarget, shape: Shape) -> u32 {
        let number = u32::try_from(self.plan.fetches.len()).unwrap();
        let subgraph = self.subgraph(subgraph);
        self.plan.fetches.push(Fetch {
            subgraph,
            depends_on: after.iter().copied().map(FetchId).collect(),
            document: format!("{{\"document\" {number}}}").into(),
            template: None,
            merging: None,
            variables: Vec::new(),
            target,
            guard: Guard::ALWAYS,
            shape,
        });
        number
    }

    fn subgraph(&mut self, name: &str) -> SubgraphId {
        let known = self.subgraphs.iter().position(|held| held == name);
        let index = known.unwrap_or_else(|| {
            self.subgraphs.push(name.to_owned());
            self.subgraphs.len() - 1
        });
        SubgraphId(u16::try_from(index).unwrap())
    }

    fn key(&mut self, name: &str) -> KeyId {
        let keys = &mut self.plan.keys;
        let index = keys.iter().position(|held| held == name).unwrap_or_else(|| {
            keys.push(name.to_owned());
            keys.len() - 1
        });
        KeyId(u32::try_from(index).unwrap())
    }

    fn shape(&mut self, items: &[Item], shape: &mut Shape) -> ShapeId {
        let id = ShapeId(u32::try_from(shape.nodes.len()).unwrap());
        shape.nodes.push(Vec::new());
        let fields = items
            .iter()
            .map(|item| ShapeField {
                json_key: item.name.clone(),
                key: self.key(&item.key),
                child: item.below.as_ref().map(|below| self.shape(below, shape)),
            })
            .collect();
        shape.nodes[id.0 as usize] = fields;
        id
    }

    /// Segments look like `name` or `<A|B>name`.
    fn place(&mut self, path: &str, targets: &str) -> EntityPlace {
        let path = path.split('.').map(|segment| {
            let (only, name) = match segment.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
                Some((only, name)) => (only.split('|').map(named).collect(), name),
                None => (Vec::new(), segment),
            };
            PathSegment {
                key: self.key(name),
                only_in: only,
                lists: 0,
            }
        });
        let path = path.collect();
        let targets = parse(targets).into_iter().map(|target| EntityTarget {
            concrete_type: named(&target.name),
            representation: Representation {
                typename: named(&target.key),
                fields: self.representation(target.below.unwrap_or_default()),
            },
            guard: Guard::ALWAYS,
        });
        EntityPlace {
            path,
            targets: targets.collect(),
            contexts: Vec::new(),
        }
    }

    fn representation(&mut self, items: Vec<Item>) -> Vec<RepresentationField> {
        let field = |item: Item| RepresentationField {
            key: self.key(&item.key),
            name: named(&item.name),
            only_for: item.only.iter().map(|name| named(name)).collect(),
            is_key: item.is_key,
            guard: Guard::ALWAYS,
            fields: self.representation(item.below.unwrap_or_default()),
        };
        items.into_iter().map(field).collect()
    }

    fn projection(&mut self, types: &[String], items: &[Item]) -> ProjectionId {
        let id = ProjectionId(u32::try_from(self.plan.projection.nodes.len()).unwrap());
        let empty = ProjectionNode {
            object_type: None,
            by_type: Vec::new(),
            selections: Vec::new(),
        };
        self.plan.projection.nodes.push(empty);
        for ty in types {
            let applies = |item: &&Item| item.only.is_empty() || item.only.contains(ty);
            let fields = items
                .iter()
                .filter(applies)
                .map(|item| self.projected(item))
                .collect();
            let node = &mut self.plan.projection.nodes[id.0 as usize];
            node.by_type.push((named(ty), node.selections.len()));
            node.selections.push(fields);
        }
        let node = &mut self.plan.projection.nodes[id.0 as usize];
        if let [only] = types {
            node.object_type = Some(named(only));
            node.by_type.clear();
        }
        id
    }

    fn projected(&mut self, item: &Item) -> ProjectedField {
        let ty = item.ty.as_ref().expect("a projected field has a type");
        let kind = match (&item.below, &ty.values, ty.names[0].as_str()) {
            (Some(below), ..) => ProjectedKind::Composite(self.projection(&ty.names, below)),
            (None, Some(values), _) => {
                ProjectedKind::Leaf(Leaf::Enum(values.iter().map(|name| named(name)).collect()))
            }
            (None, None, "Int") => ProjectedKind::Leaf(Leaf::Int),
            (None, None, "Float") => ProjectedKind::Leaf(Leaf::Float),
            (None, None, "String") => ProjectedKind::Leaf(Leaf::String),
            (None, None, "Boolean") => ProjectedKind::Leaf(Leaf::Boolean),
            (None, None, "ID") => ProjectedKind::Leaf(Leaf::Id),
            (None, None, "Typename") => ProjectedKind::Typename,
            (None, None, _) => ProjectedKind::Leaf(Leaf::Any),
        };
        ProjectedField {
            response_key: item.name.clone(),
            key: self.key(&item.key),
            guard: self.guard_of(item),
            nesting: ty.nesting.clone(),
            kind,
        }
    }

    fn guard_of(&mut self, item: &Item) -> Guard {
        let mut all = Conjunction::ALWAYS;
        for (variable, wanted) in &item.guards {
            let name = named(variable);
            let conditions = &mut self.plan.conditions;
            let bit = conditions
                .iter()
                .position(|held| *held == name)
                .unwrap_or_else(|| {
                    conditions.push(name);
                    conditions.len() - 1
                });
            let mask = 1u64 << bit;
            all = all.and(match wanted {
                true => Conjunction {
                    when_true: mask,
                    when_false: 0,
                },
                false => Conjunction {
                    when_true: 0,
                    when_false: mask,
                },
            });
        }
        Guard::from(all)
    }
}

fn named(name: &str) -> Name {
    Name::new(name).unwrap()
}
