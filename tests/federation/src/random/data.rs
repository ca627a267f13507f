//! Random data that every subgraph of a graph can serve: not null where any of them says so, and of types that all who answer a
//! field know. Key fields are unique, so that every representation means one object.

use apollo_compiler::{Name, ast::Type, schema::ExtendedType};
use causeway_graph::QueryGraph;
use causeway_model::{FieldSet, FieldSetItem, SubgraphId};
use serde_json::{Map, Value, json};

use super::choices::Choices;
use crate::{Gateway, World};

/// Objects of each entity type.
const COUNT: usize = 3;

/// How deep value objects nest before they end.
const DEPTH: usize = 4;

/// Data, and the same as JSON text.
pub(super) struct Made {
    pub(super) world: World,
    pub(super) text: String,
    /// Some objects lack a key by which they could be loaded.
    pub(super) has_null_keys: bool,
}

/// `None` when nothing satisfies all subgraphs.
pub(super) fn world(gateway: &Gateway, choices: &mut Choices<'_>) -> Option<Made> {
    let graph = &gateway.graph;
    let has_failures = choices.chance(25);
    let mut maker = Maker {
        gateway,
        graph,
        has_failures,
        choices,
        serial: 0,
        is_impossible: false,
        has_null_keys: false,
    };
    let schema = &graph.supergraph().schema;
    let mut objects = Map::new();
    for (name, ty) in &schema.types {
        if ty.is_object() && maker.is_entity(name) {
            for index in 0..COUNT {
                let object = maker.object(name, index, &maker.key(name), 0);
                objects.insert(format!("{name}/{index}"), object);
            }
        }
    }
    let mut root = Map::new();
    root.insert("objects".to_owned(), objects.into());
    for name in ["Query", "Mutation"] {
        if let Some(ExtendedType::Object(object)) = schema.types.get(name) {
            let object = maker.object(&object.name, 0, &FieldSet::default(), 0);
            root.insert(name.to_owned(), object);
        }
    }
    let json = Value::from(root);
    let text = serde_json::to_string_pretty(&json).expect("JSON values always serialise");
    (!maker.is_impossible).then(|| Made {
        world: World::new(json),
        text,
        has_null_keys: maker.has_null_keys,
    })
}

struct Maker<'a, 'b, 'c> {
    gateway: &'a Gateway,
    /// Some fields fail.
    has_failures: bool,
    graph: &'a QueryGraph,
    choices: &'b mut Choices<'c>,
    serial: i64,
    is_impossible: bool,
    has_null_keys: bool,
}

/// A field of an object in the making.
struct Place<'a> {
    /// Index of the entity that it belongs to.
    index: usize,
    /// What of the value stands in a key; `None`: it is in none.
    key: Option<&'a FieldSet>,
    /// The field's type in all subgraphs, with the subgraph.
    types: Vec<(Option<SubgraphId>, &'a Type)>,
    depth: usize,
}

impl<'a> Maker<'a, '_, '_> {
    /// The names under which subgraphs know an object type: its own, its interfaces as interface objects.
    fn names(&self, ty: &Name) -> Vec<(SubgraphId, Name)> {
        let supergraph = self.graph.supergraph();
        let object = supergraph.schema.get_object(ty);
        let mut names = Vec::new();
        for id in supergraph.subgraph_ids() {
            let types = &supergraph.subgraph(id).types;
            names.extend(types.contains_key(ty).then(|| (id, ty.clone())));
            let interfaces = object
                .into_iter()
                .flat_map(|object| &object.implements_interfaces);
            let as_objects =
                interfaces.filter(|name| types.get(name.as_str()).is_some_and(|ty| ty.is_interface_object));
            names.extend(as_objects.map(|name| (id, (**name).clone())));
        }
        names
    }

    fn is_entity(&self, ty: &Name) -> bool {
        !self.key(ty).is_empty()
    }

    /// All key fields of the type together.
    fn key(&self, ty: &Name) -> FieldSet {
        let mut items = Vec::new();
        for (id, name) in self.names(ty) {
            let facts = self.graph.subgraph_type(id, &name);
            items.extend(
                facts
                    .into_iter()
                    .flat_map(|facts| &facts.keys)
                    .flat_map(|key| key.fields.items.clone()),
            );
        }
        FieldSet { items }
    }

    fn object(&mut self, ty: &Name, index: usize, key: &FieldSet, depth: usize) -> Value {
        let graph = self.graph;
        let mut object = Map::new();
        object.insert("__typename".to_owned(), json!(ty.as_str()));
        let Some(definition) = graph.supergraph().schema.get_object(ty) else {
            return object.into();
        };
        for (name, field) in &definition.fields {
            let key = part(key, name);
            let mut types: Vec<(Option<SubgraphId>, &Type)> = vec![(None, &field.ty)];
            for (id, local) in self.names(ty) {
                types.extend(graph.field(id, &local, name).map(|found| (Some(id), &found.ty)));
            }
            let place = Place {
                index,
                key: key.as_ref(),
                types,
                depth,
            };
            let has_alternatives = !field.arguments.is_empty() && key.is_none() && !is_leaf(graph, &field.ty);
            let value = if has_alternatives && self.choices.chance(60) {
                json!({ "$pick": [self.value(&place), self.value(&place)] })
            } else {
                self.value(&place)
            };
            object.insert(name.to_string(), value);
        }
        object.into()
    }

    fn value(&mut self, place: &Place<'_>) -> Value {
        let nullable = !place.types.iter().any(|(_, ty)| ty.is_non_null());
        let non_null = place.key.is_some() || !nullable;
        // A key that may be null, and is.
        if nullable && place.key.is_some_and(FieldSet::is_empty) && self.choices.chance(20) {
            self.has_null_keys = true;
            return Value::Null;
        }
        // Where some subgraph says non-null the failure would take more with it there than elsewhere.
        if !non_null && self.has_failures && self.choices.chance(6) {
            return json!({ "$error": "it fails", "$code": "FAILED" });
        }
        if !non_null && self.choices.chance(if place.depth >= DEPTH { 100 } else { 18 }) {
            return Value::Null;
        }
        let items: Option<Vec<(Option<SubgraphId>, &Type)>> = place
            .types
            .iter()
            .map(|(id, ty)| match ty {
                Type::List(item) | Type::NonNullList(item) => Some((*id, &**item)),
                _ => None,
            })
            .collect();
        let Some(items) = items else {
            return self.named(place, non_null);
        };
        let inner = Place {
            types: items,
            ..*place
        };
        let most = if place.depth >= DEPTH {
            0
        } else {
            [2, 1, 0, 3][self.choices.below(4)]
        };
        (0..most).map(|_| self.value(&inner)).collect()
    }

    fn named(&mut self, place: &Place<'_>, non_null: bool) -> Value {
        let named = place.types[0].1.inner_named_type();
        let schema = &self.graph.supergraph().schema;
        self.serial += 1;
        let number = if place.key.is_some() {
            self.serial
        } else {
            i64::try_from(self.choices.below(4)).expect("small")
        };
        match schema.types.get(named) {
            Some(ExtendedType::Enum(found)) => {
                let all = found.values.keys();
                let values: Vec<&Name> = all.filter(|value| self.is_known(place, named, value)).collect();
                if values.is_empty() {
                    self.is_impossible |= non_null;
                    return Value::Null;
                }
                json!(self.choices.pick(&values).as_str())
            }
            Some(ExtendedType::Scalar(_)) | None => match named.as_str() {
                "Int" => json!(number),
                "Float" => json!(0.5),
                "Boolean" => json!(number % 2 == 0),
                _ => json!(format!("{named}-{number}")),
            },
            _ => self.composite(place, named, non_null),
        }
    }

    /// Whether all who define the place know the enum's value.
    fn is_known(&self, place: &Place<'_>, named: &Name, value: &Name) -> bool {
        place.types.iter().filter_map(|(id, _)| *id).all(|id| {
            let name = &self.graph.supergraph().subgraph(id).name;
            let service = self.gateway.service(name);
            let found = service.schema.get_enum(named);
            found.is_some_and(|found| found.values.contains_key(value))
        })
    }

    fn composite(&mut self, place: &Place<'_>, named: &Name, non_null: bool) -> Value {
        let graph = self.graph;
        let mut possible: Vec<Name> = graph.possible_types(named).to_vec();
        for (id, ty) in &place.types {
            let Some(facts) = id.and_then(|id| graph.subgraph_type(id, ty.inner_named_type())) else {
                continue;
            };
            if !facts.is_interface_object {
                possible.retain(|ty| facts.possible_types.contains(ty));
            }
        }
        if possible.is_empty() || place.depth > 3 * DEPTH {
            self.is_impossible |= non_null;
            return Value::Null;
        }
        let ty = self.choices.pick(&possible).clone();
        if self.is_entity(&ty) {
            let index = if place.key.is_some() {
                place.index
            } else {
                self.choices.below(COUNT)
            };
            return json!({ "$ref": format!("{ty}/{index}") });
        }
        let key = place.key.cloned().unwrap_or_default();
        self.object(&ty, place.index, &key, place.depth + 1)
    }
}

/// What a key says about one field; `None` when it does not name it.
fn part(key: &FieldSet, field: &str) -> Option<FieldSet> {
    let mut found: Option<FieldSet> = None;
    for item in &key.items {
        if let FieldSetItem::Field(one) = item
            && one.name == field
        {
            found
                .get_or_insert_default()
                .items
                .extend(one.selection.items.iter().cloned());
        }
    }
    found
}

fn is_leaf(graph: &QueryGraph, ty: &Type) -> bool {
    graph.possible_types(ty.inner_named_type()).is_empty()
}
