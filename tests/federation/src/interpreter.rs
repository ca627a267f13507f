//! A straightforward GraphQL interpreter (specification, section 6) over a [`World`].
//!
//! The monolith and the subgraphs run on it. For a subgraph it also holds the request to what federation allows: no external
//! field that is not provided, no `@requires` field without its representation.

use apollo_compiler::{
    ExecutableDocument, Name, Node, Schema,
    ast::{DirectiveList, Type},
    collections::IndexMap,
    executable::{Field, Selection, SelectionSet},
    schema::ExtendedType,
};
use causeway_model::FieldSet;
use serde_json::{Map, Value, json};

use crate::{
    arguments::{Arguments, evaluate},
    field_sets::{Reader, difference},
    service::Service,
    world::{Found, Object, World, typename},
};

pub(crate) struct Interpreter<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) document: &'a ExecutableDocument,
    pub(crate) variables: &'a Map<String, Value>,
    pub(crate) world: &'a World,
    /// `None`: the monolith.
    pub(crate) service: Option<&'a Service>,
    /// Labels of progressive overrides that are on.
    pub(crate) on: &'a [String],
    pub(crate) errors: Vec<Value>,
    /// What the request asks that it must not ask.
    pub(crate) violations: Vec<String>,
    pub(crate) path: Vec<Value>,
    /// How many there were, when there was an `_entities` field.
    pub(crate) representations: Option<usize>,
}

/// An object while its fields are resolved.
#[derive(Clone)]
struct Place<'a> {
    object: &'a Object,
    ty: Name,
    provided: FieldSet,
    /// For an object that was loaded by `_entities`.
    representation: Option<&'a Value>,
}

/// A non-null place has no value.
struct Propagate;

impl<'a> Interpreter<'a> {
    /// The value of `data`.
    pub(crate) fn run(&mut self, root_type: &Name, set: &'a SelectionSet) -> Value {
        let place = Place {
            object: self.world.root(root_type),
            ty: root_type.clone(),
            provided: FieldSet::default(),
            representation: None,
        };
        self.object(&place, &[set]).unwrap_or(Value::Null)
    }

    fn object(&mut self, place: &Place<'a>, sets: &[&'a SelectionSet]) -> Result<Value, Propagate> {
        let mut fields: IndexMap<Name, Vec<&'a Node<Field>>> = IndexMap::default();
        sets.iter()
            .for_each(|set| self.collect(&place.ty, set, &mut fields));
        let mut out = Map::new();
        for (key, group) in fields {
            self.path.push(json!(key.as_str()));
            let value = self.field(place, &group);
            self.path.pop();
            out.insert(key.to_string(), value?);
        }
        Ok(out.into())
    }

    fn collect(&self, ty: &Name, set: &'a SelectionSet, into: &mut IndexMap<Name, Vec<&'a Node<Field>>>) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) if self.included(&field.directives) => {
                    into.entry(field.response_name().clone()).or_default().push(field);
                }
                Selection::InlineFragment(fragment)
                    if self.included(&fragment.directives)
                        && fragment
                            .type_condition
                            .as_ref()
                            .is_none_or(|on| self.applies(on, ty)) =>
                {
                    self.collect(ty, &fragment.selection_set, into);
                }
                Selection::FragmentSpread(spread) if self.included(&spread.directives) => {
                    let fragment = &self.document.fragments[&spread.fragment_name];
                    if self.applies(&fragment.selection_set.ty, ty) {
                        self.collect(ty, &fragment.selection_set, into);
                    }
                }
                _ => {}
            }
        }
    }

    fn included(&self, directives: &DirectiveList) -> bool {
        let condition = |name: &str| {
            let value = directives.get(name)?.specified_argument_by_name("if")?;
            evaluate(value, self.variables)?.as_bool()
        };
        condition("skip") != Some(true) && condition("include") != Some(false)
    }

    fn applies(&self, on: &Name, ty: &Name) -> bool {
        on == ty || self.schema.is_subtype(on, ty)
    }

    fn field(&mut self, place: &Place<'a>, group: &[&'a Node<Field>]) -> Result<Value, Propagate> {
        let field = group[0];
        match field.name.as_str() {
            "__typename" => return Ok(json!(place.ty.as_str())),
            "_entities" if self.service.is_some() => return self.entities(group),
            "_service" if self.service.is_some() => return Ok(json!({})),
            // Whoever asks puts the answers in.
            "__schema" | "__type" if self.service.is_none() => return Ok(Value::Null),
            _ => {}
        }
        self.hold_to_rules(place, field);
        let definition = field.definition.clone();
        let arguments = Arguments::of(&definition, &field.arguments, self.variables);
        let sets: Vec<&'a SelectionSet> = group
            .iter()
            .filter_map(|field| field.selection_set.as_ref())
            .collect();
        let below = Below {
            provided: self.provided_below(place, &field.name),
            sets,
            arguments,
        };
        let value = place.object.get(field.name.as_str()).unwrap_or(&Value::Null);
        self.value(&definition.ty, value, &below)
    }

    fn value(&mut self, ty: &Type, value: &'a Value, below: &Below<'a>) -> Result<Value, Propagate> {
        let found = self.world.look(
            value,
            self.service.map(|service| service.name.as_str()),
            below.arguments.sum(),
        );
        let result = match (found, item_type(ty)) {
            (Found::Null, _) => Ok(Value::Null),
            (Found::Error { message, code }, _) => {
                self.error(message, code);
                return if ty.is_non_null() {
                    Err(Propagate)
                } else {
                    Ok(Value::Null)
                };
            }
            (Found::List(items), Some(item)) => self.list(item, items, below),
            (Found::Leaf(leaf), None) => self.leaf(ty.inner_named_type(), leaf, below),
            (Found::Object(object), None) => self.composite(ty.inner_named_type(), object, below),
            _ => panic!("the data at {:?} does not fit {ty}: {value}", self.path),
        };
        match result {
            Ok(Value::Null) if ty.is_non_null() => {
                self.error("a non-null field is null", Some("NULL"));
                Err(Propagate)
            }
            Err(Propagate) if !ty.is_non_null() => Ok(Value::Null),
            other => other,
        }
    }

    fn list(&mut self, item: &Type, items: &'a [Value], below: &Below<'a>) -> Result<Value, Propagate> {
        let first = below.arguments.get("first").and_then(Value::as_u64);
        let count = first.map_or(items.len(), |first| {
            usize::try_from(first).expect("a small number")
        });
        let mut out = Vec::new();
        for (index, value) in items.iter().take(count).enumerate() {
            self.path.push(json!(index));
            let value = self.value(item, value, below);
            self.path.pop();
            out.push(value?);
        }
        Ok(out.into())
    }

    fn leaf(&mut self, ty: &Name, leaf: &Value, below: &Below<'a>) -> Result<Value, Propagate> {
        if let Some(ExtendedType::Enum(found)) = self.schema.types.get(ty) {
            if leaf
                .as_str()
                .is_some_and(|value| found.values.contains_key(value))
            {
                return Ok(leaf.clone());
            }
            self.error("not a value of the enum", Some("ENUM"));
            return Ok(Value::Null);
        }
        Ok(below.arguments.decorate(leaf))
    }

    fn composite(&mut self, ty: &Name, object: &'a Object, below: &Below<'a>) -> Result<Value, Propagate> {
        let concrete = typename(object);
        let name = match self.schema.types.get(ty) {
            // An interface object is an object here, whatever it is elsewhere.
            Some(ExtendedType::Object(_)) => ty.clone(),
            _ => {
                if !self.schema.is_subtype(ty, concrete) {
                    self.error(&format!("`{concrete}` is no `{ty}` here"), Some("TYPE"));
                    return Ok(Value::Null);
                }
                Name::new(concrete).expect("a type's name")
            }
        };
        let place = Place {
            object,
            ty: name,
            provided: below.provided.clone(),
            representation: None,
        };
        self.object(&place, &below.sets)
    }

    fn entities(&mut self, group: &[&'a Node<Field>]) -> Result<Value, Propagate> {
        let service = self.service.expect("only subgraphs have entities");
        let argument = group[0].specified_argument_by_name("representations");
        let representations = argument
            .and_then(|value| value.as_variable())
            .and_then(|name| self.variables.get(name.as_str()))
            .and_then(Value::as_array);
        let Some(representations) = representations else {
            self.violations
                .push("representations do not come in a variable".to_owned());
            return Err(Propagate);
        };
        *self.representations.get_or_insert_default() += representations.len();
        let sets: Vec<&'a SelectionSet> = group
            .iter()
            .filter_map(|field| field.selection_set.as_ref())
            .collect();
        let mut out = Vec::new();
        for (index, representation) in representations.iter().enumerate() {
            let (object, ty) = match service.entity(self.world, representation) {
                Ok(Some(found)) => found,
                Ok(None) => {
                    out.push(Value::Null);
                    continue;
                }
                Err(why) => {
                    self.violations.push(why);
                    out.push(Value::Null);
                    continue;
                }
            };
            let place = Place {
                object,
                ty,
                provided: FieldSet::default(),
                representation: Some(representation),
            };
            self.path.push(json!(index));
            out.push(self.object(&place, &sets).unwrap_or(Value::Null));
            self.path.pop();
        }
        Ok(out.into())
    }

    fn provided_below(&self, place: &Place<'a>, field: &str) -> FieldSet {
        let Some(service) = self.service else {
            return FieldSet::default();
        };
        let mut set = crate::service::provided_below(&place.provided, &place.ty, field);
        if let Some(own) = service
            .field(&place.ty, field)
            .and_then(|facts| facts.provides.as_ref())
        {
            set.items.extend(own.items.iter().cloned());
        }
        set
    }

    /// A subgraph is asked only for what it can know.
    fn hold_to_rules(&mut self, place: &Place<'a>, field: &Field) {
        let Some(service) = self.service else { return };
        let Some(facts) = service.field(&place.ty, &field.name) else {
            return;
        };
        let is_key = service.types[place.ty.as_str()]
            .key_fields
            .iter()
            .any(|name| *name == field.name.as_str());
        let coordinate = format!("{}.{}", place.ty, field.name);
        let provided = crate::service::provides(&place.provided, &place.ty, &field.name);
        if facts.is_external && !is_key && !provided {
            self.violations.push(format!(
                "asks for `{coordinate}`, which is external and not provided here"
            ));
        }
        if facts.is_elsewhere(self.on) && !is_key && !provided {
            self.violations.push(format!(
                "asks for `{coordinate}`, which another subgraph overrides"
            ));
        }
        let Some(requires) = &facts.requires else { return };
        let Some(representation) = place.representation else {
            self.violations.push(format!(
                "asks for `{coordinate}` where it has no representation to read what that requires"
            ));
            return;
        };
        let reader = Reader {
            world: self.world,
            schema: self.schema,
            subgraph: &service.name,
        };
        let expected = reader.read(place.object, &place.ty, requires).into();
        if let Some(difference) = difference(&expected, representation, "representation") {
            self.violations.push(format!(
                "asks for `{coordinate}`, but {difference}; it was sent {representation}"
            ));
        }
    }

    fn error(&mut self, message: &str, code: Option<&str>) {
        let mut error = json!({ "message": message, "path": self.path });
        if let Some(code) = code {
            error["extensions"] = json!({ "code": code });
        }
        self.errors.push(error);
    }
}

fn item_type(ty: &Type) -> Option<&Type> {
    match ty {
        Type::List(item) | Type::NonNullList(item) => Some(item),
        Type::Named(_) | Type::NonNullNamed(_) => None,
    }
}

/// What is asked below a field.
struct Below<'a> {
    sets: Vec<&'a SelectionSet>,
    provided: FieldSet,
    arguments: Arguments,
}
