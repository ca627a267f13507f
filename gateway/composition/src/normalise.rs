//! A valid schema to the subgraph's normal form: the second phase.
//!
//! Reads federation's directives into facts and drops what serves only federation. No checks: rules run on
//! the result.

use crate::cache_control;
use crate::link::{Links, Version};
use crate::parse::{Parsed, one_of};
use crate::spec::{Fed, TYPES};
use crate::subgraph::{
    Applied, FieldDef, FieldSet, InputDef, Key, Kind, Location, Meaning, Override, Subgraph, TypeDef,
    ValueDef,
};
use apollo_compiler::ast::{Directive, OperationType, Selection, Type};
use apollo_compiler::schema::{
    ExtendedType, ExtensionId, FieldDefinition, InputValueDefinition, NamedType, ObjectType, Schema,
};
use apollo_compiler::{Name, Node};
use indexmap::{IndexMap, IndexSet};
use std::collections::{BTreeSet, HashSet};

const MACHINERY_FIELDS: [&str; 2] = ["_service", "_entities"];
const BUILT_IN_DIRECTIVES: [&str; 3] = ["deprecated", "specifiedBy", "oneOf"];

pub(crate) fn normalise(parsed: &Parsed<'_>) -> Subgraph {
    let reader = Reader {
        schema: &parsed.schema,
        links: &parsed.links,
        version: parsed.version,
        defined: &parsed.defined,
        roots: root_names(&parsed.schema),
    };
    let mut types = IndexMap::new();
    for (name, definition) in &parsed.schema.types {
        if !definition.is_built_in() && !reader.is_machinery(name) {
            let def = reader.type_def(definition);
            types.insert(def.name.clone(), def);
        }
    }
    let directives = parsed
        .schema
        .directive_definitions
        .iter()
        .filter(|(name, _)| !reader.is_builtin(name) && !reader.is_federation_directive(name))
        .map(|(name, definition)| (name.clone(), definition.clone()))
        .collect();
    let mut subgraph = Subgraph {
        name: parsed.input.name.clone(),
        url: parsed.input.url.clone(),
        source: parsed.input.source.clone(),
        text: parsed.input.sdl.clone(),
        version: parsed.version,
        links: parsed.links.clone(),
        types,
        directives,
        schema_directives: reader.applied(&parsed.schema.schema_definition.directives),
    };
    cache_control::drop_scope(&mut subgraph);
    subgraph
}

/// (local name, default name) of the root types that are there.
fn root_names(schema: &Schema) -> Vec<(Name, &'static str)> {
    let default = |operation| match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    schema
        .schema_definition
        .iter_root_operations()
        .map(|(operation, name)| (name.as_ref().clone(), default(operation)))
        .collect()
}

struct Reader<'a> {
    schema: &'a Schema,
    links: &'a Links,
    version: Version,
    defined: &'a IndexSet<String>,
    roots: Vec<(Name, &'static str)>,
}

impl Reader<'_> {
    fn is_machinery(&self, name: &str) -> bool {
        let federation = self.links.federation();
        let link = self.links.directive.as_deref().unwrap_or("link");
        matches!(name, "_Any" | "_Entity" | "_Service" | "_FieldSet")
            || TYPES
                .iter()
                .any(|(ty, _)| federation.is_some_and(|link| link.local_type(ty) == name))
            || (federation.is_none() && TYPES.iter().any(|(ty, _)| name == format!("_{ty}")))
            || name.strip_prefix(link).is_some_and(|rest| rest.starts_with("__"))
    }

    fn is_federation_directive(&self, name: &str) -> bool {
        self.links.resolve(name).is_some() || self.links.directive.as_deref() == Some(name)
    }

    /// The name a type has in the graph: root types get their default name.
    fn rename(&self, name: &NamedType) -> Name {
        match self.roots.iter().find(|(local, _)| local == name) {
            Some((local, default)) if local != default => Name::new_static_unchecked(default),
            _ => name.clone(),
        }
    }

    fn rename_type(&self, ty: &Type) -> Type {
        match ty {
            Type::Named(name) => Type::Named(self.rename(name)),
            Type::NonNullNamed(name) => Type::NonNullNamed(self.rename(name)),
            Type::List(inner) => Type::List(Box::new(self.rename_type(inner))),
            Type::NonNullList(inner) => Type::NonNullList(Box::new(self.rename_type(inner))),
        }
    }

    fn type_def(&self, definition: &ExtendedType) -> TypeDef {
        let local = definition.name();
        let applied = self.applied(definition.directives());
        let name = self.rename(local);
        let is_root = self.roots.iter().any(|(root, _)| root == local);
        let has_definition = self.defined.contains(local.as_str());
        let extends = applied.iter().any(|directive| directive.is(Fed::Extends));
        let mut def = TypeDef {
            name,
            kind: kind_of(definition),
            shareable_repeated: false,
            interface_object: applied.iter().any(|directive| directive.is(Fed::InterfaceObject)),
            extension: !is_root && (!has_definition || extends),
            has_definition,
            description: definition.description().map(|text| text.to_string()),
            implements: IndexSet::new(),
            keys: keys(&applied),
            fields: IndexMap::new(),
            inputs: IndexMap::new(),
            members: IndexSet::new(),
            values: IndexMap::new(),
            applied,
            location: local.location().or_else(|| definition.location()),
        };
        self.fill(&mut def, definition);
        mark_external_in_name_only(&mut def);
        def
    }

    fn fill(&self, def: &mut TypeDef, definition: &ExtendedType) {
        match definition {
            ExtendedType::Scalar(_) => {}
            ExtendedType::Object(object) => self.fill_fields(def, object),
            ExtendedType::Interface(interface) => {
                let as_object = ObjectType {
                    description: None,
                    name: interface.name.clone(),
                    implements_interfaces: interface.implements_interfaces.clone(),
                    directives: interface.directives.clone(),
                    fields: interface.fields.clone(),
                };
                self.fill_fields(def, &as_object);
            }
            ExtendedType::Union(union) => {
                def.members = union.members.iter().map(|name| self.rename(name)).collect();
            }
            ExtendedType::Enum(definition) => {
                def.values = definition
                    .values
                    .iter()
                    .map(|(name, value)| {
                        let value = ValueDef {
                            description: value.description.as_ref().map(|text| text.to_string()),
                            applied: self.applied(&value.directives),
                            location: name.location(),
                        };
                        (name.clone(), value)
                    })
                    .collect();
            }
            ExtendedType::InputObject(input) => {
                def.inputs = input
                    .fields
                    .iter()
                    .map(|(name, field)| (name.clone(), self.input_def(field)))
                    .collect();
            }
        }
    }

    fn fill_fields(&self, def: &mut TypeDef, object: &ObjectType) {
        def.implements = object
            .implements_interfaces
            .iter()
            .map(|name| name.as_ref().clone())
            .collect();
        let wholesale = Wholesale::read(self, object);
        let parts = wholesale.shareable.iter();
        def.shareable_repeated = parts.clone().collect::<HashSet<_>>().len() < parts.len();
        let is_query = def.name == "Query";
        for (name, field) in &object.fields {
            if !(is_query && MACHINERY_FIELDS.contains(&name.as_str())) {
                def.fields.insert(name.clone(), self.field_def(field, &wholesale));
            }
        }
    }

    fn field_def(&self, field: &Node<FieldDefinition>, wholesale: &Wholesale) -> FieldDef {
        let applied = self.applied(&field.directives);
        let is = |fed: Fed| applied.iter().find(|directive| directive.is(fed));
        let field_set =
            |fed: Fed| is(fed).map(|used| FieldSet::from_value(used.argument("fields"), used.location));
        let part = field.extension_id().cloned();
        FieldDef {
            name: field.name.clone(),
            description: field.description.as_ref().map(|text| text.to_string()),
            ty: self.rename_type(&field.ty),
            arguments: field
                .arguments
                .iter()
                .map(|argument| (argument.name.clone(), self.input_def(argument)))
                .collect(),
            external: is(Fed::External).is_some() || wholesale.external,
            external_in_name_only: false,
            shareable: is(Fed::Shareable).is_some() || wholesale.shareable.contains(&part),
            requires: field_set(Fed::Requires),
            provides: field_set(Fed::Provides),
            overrides: is(Fed::Override).and_then(read_override),
            location: field.name.location(),
            applied,
        }
    }

    fn input_def(&self, input: &Node<InputValueDefinition>) -> InputDef {
        InputDef {
            name: input.name.clone(),
            description: input.description.as_ref().map(|text| text.to_string()),
            ty: self.rename_type(&input.ty),
            default: input.default_value.clone(),
            applied: self.applied(&input.directives),
            location: input.name.location(),
        }
    }

    fn applied(&self, directives: &[Node<Directive>]) -> Vec<Applied> {
        directives
            .iter()
            .filter_map(|directive| self.applied_one(directive))
            .collect()
    }

    fn applied_one(&self, directive: &Node<Directive>) -> Option<Applied> {
        let name = directive.name.clone();
        if self.links.directive.as_deref() == Some(name.as_str()) {
            return None;
        }
        let meaning = match self.links.resolve(&name) {
            Some(fed) => Meaning::Fed(fed),
            None if BUILT_IN_DIRECTIVES.contains(&name.as_str()) && self.is_builtin(&name) => {
                Meaning::BuiltIn(name.clone())
            }
            None => Meaning::Custom(name.clone()),
        };
        Some(Applied {
            meaning,
            local: name,
            arguments: directive
                .arguments
                .iter()
                .map(|argument| (argument.name.clone(), argument.value.clone()))
                .collect(),
            location: directive.location(),
        })
    }

    fn is_builtin(&self, name: &str) -> bool {
        self.schema
            .directive_definitions
            .get(name)
            .is_some_and(|definition| {
                definition.is_built_in() || one_of::is_standard(definition, self.version)
            })
    }
}

/// `@shareable` and `@external` on a type. The former holds for the fields of that same definition or extension, the
/// latter for all fields of the type: other composers read it so, and a graph must mean the same everywhere.
struct Wholesale {
    shareable: Vec<Option<ExtensionId>>,
    external: bool,
}

impl Wholesale {
    fn read(reader: &Reader<'_>, object: &ObjectType) -> Self {
        let on = |fed: Fed| {
            object
                .directives
                .iter()
                .filter(move |directive| reader.links.resolve(&directive.name) == Some(fed))
        };
        Self {
            shareable: on(Fed::Shareable)
                .map(|directive| directive.extension_id().cloned())
                .collect(),
            external: on(Fed::External).next().is_some(),
        }
    }
}

fn kind_of(definition: &ExtendedType) -> Kind {
    match definition {
        ExtendedType::Scalar(_) => Kind::Scalar,
        ExtendedType::Object(_) => Kind::Object,
        ExtendedType::Interface(_) => Kind::Interface,
        ExtendedType::Union(_) => Kind::Union,
        ExtendedType::Enum(_) => Kind::Enum,
        ExtendedType::InputObject(_) => Kind::Input,
    }
}

fn keys(applied: &[Applied]) -> Vec<Key> {
    applied
        .iter()
        .filter(|directive| directive.is(Fed::Key))
        .map(|directive| Key {
            fields: FieldSet::from_value(directive.argument("fields"), directive.location),
            resolvable: directive
                .argument("resolvable")
                .and_then(|value| value.to_bool())
                .unwrap_or(true),
        })
        .collect()
}

fn read_override(applied: &Applied) -> Option<Override> {
    let text = |name: &str| {
        applied
            .argument(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    Some(Override {
        from: text("from")?,
        label: text("label"),
        location: applied.location as Location,
    })
}

/// On an extension, `@external` on key fields only repeats that another subgraph has them first.
fn mark_external_in_name_only(def: &mut TypeDef) {
    if !def.extension {
        return;
    }
    let in_keys: BTreeSet<Name> = top_level_key_fields(def);
    for (name, field) in &mut def.fields {
        if field.external && in_keys.contains(name) {
            field.external_in_name_only = true;
        }
    }
}

/// Names of the type's own fields that any of its keys selects.
fn top_level_key_fields(def: &TypeDef) -> BTreeSet<Name> {
    def.keys
        .iter()
        .flat_map(|key| key.fields.selections())
        .filter_map(|selection| match selection {
            Selection::Field(field) => Some(field.name.clone()),
            _ => None,
        })
        .collect()
}
