//! `join` v0.1, as federation 1's composers wrote it: one subgraph owns an entity, others extend it.
//!
//! The text says where entities' fields are resolved and nothing about the rest: a type without an owner is a value type,
//! known to every subgraph that gives such values.

use apollo_compiler::{
    Name, Node,
    ast::{Directive, FieldDefinition, Type},
    collections::{IndexMap, IndexSet},
    schema::ExtendedType,
};
use causeway_model::{FieldResolution, FieldSet, FieldSetItem, Key, SubgraphField, SubgraphId, SubgraphType};

use super::{ReadError, Reader, coordinate, invalid, selection};

type Fields = IndexMap<Name, Node<FieldDefinition>>;

impl<'a> Reader<'a> {
    pub(super) fn read_owned(
        &mut self,
        types: impl Iterator<Item = (&'a Name, &'a ExtendedType)>,
    ) -> Result<(), ReadError> {
        let roots = self.schema.schema_definition.iter_root_operations();
        let roots: Vec<&Name> = roots.map(|(_, root)| &**root).collect();
        for (name, ty) in types {
            if let Some(fields) = fields(ty)
                && (roots.contains(&name) || is_entity(ty))
            {
                self.read_entity(name, ty, fields)?;
            }
        }
        self.add_selected()?;
        for index in 0..self.subgraphs.len() {
            self.add_values(index);
            self.drop_unimplemented(index);
        }
        Ok(())
    }

    /// An entity or a root type: each field is resolved in the subgraph that it names, or in the owner.
    fn read_entity(&mut self, name: &Name, ty: &ExtendedType, fields: &Fields) -> Result<(), ReadError> {
        for directive in ty.directives().get_all("join__type") {
            let Some(id) = self.graph(directive, name)? else {
                continue;
            };
            let key = selection(directive, "key", name)?;
            self.entry(id, name).keys.extend(key.map(|fields| Key {
                fields,
                resolvable: true,
            }));
        }
        let owner = self.named_graph(ty.directives().get("join__owner"), name)?;
        for (field_name, field) in fields {
            let at = coordinate(name, field_name);
            let joined = field.directives.get("join__field");
            let set = |argument| joined.map_or(Ok(None), |joined| selection(joined, argument, &at));
            let homes: Vec<SubgraphId> = match self.named_graph(joined, &at)?.or(owner) {
                Some(id) => vec![id],
                // A root field that names no subgraph: any of them.
                None => self.ids.values().copied().collect(),
            };
            for id in homes {
                let definition = SubgraphField {
                    requires: set("requires")?,
                    provides: set("provides")?,
                    ..plain(&field.ty, FieldResolution::Local)
                };
                self.entry(id, name).fields.insert(field_name.clone(), definition);
            }
        }
        Ok(())
    }

    fn named_graph(
        &self,
        directive: Option<&Node<Directive>>,
        at: &str,
    ) -> Result<Option<SubgraphId>, ReadError> {
        directive.map_or(Ok(None), |directive| self.graph(directive, at))
    }

    /// Fields that a subgraph must define because its keys, `requires` and `provides` select them.
    fn add_selected(&mut self) -> Result<(), ReadError> {
        let mut wanted: Vec<(SubgraphId, Name, FieldSet, FieldResolution)> = Vec::new();
        let mut ids: Vec<SubgraphId> = self.ids.values().copied().collect();
        ids.sort();
        for id in ids {
            for (name, ty) in &self.subgraphs[id.index()].types {
                for key in &ty.keys {
                    wanted.push((id, name.clone(), key.fields.clone(), FieldResolution::Local));
                }
                for field in ty.fields.values() {
                    if let Some(set) = &field.requires {
                        wanted.push((id, name.clone(), set.clone(), FieldResolution::External));
                    }
                    if let Some(set) = &field.provides {
                        let below = field.ty.inner_named_type().clone();
                        wanted.push((id, below, set.clone(), FieldResolution::External));
                    }
                }
            }
        }
        // Keys first: what is resolved is not external.
        wanted.sort_by_key(|(.., resolution)| *resolution != FieldResolution::Local);
        wanted
            .into_iter()
            .try_for_each(|(id, ty, set, resolution)| self.add_set(id, &ty, &set, resolution))
    }

    fn add_set(
        &mut self,
        id: SubgraphId,
        ty: &Name,
        set: &FieldSet,
        resolution: FieldResolution,
    ) -> Result<(), ReadError> {
        let schema = self.schema;
        for item in &set.items {
            let field = match item {
                FieldSetItem::Fragment { on, selection } => {
                    self.add_set(id, on, selection, resolution)?;
                    continue;
                }
                FieldSetItem::Field(field) if field.name == "__typename" => continue,
                FieldSetItem::Field(field) => field,
            };
            let definition = schema
                .type_field(ty, &field.name)
                .map_err(|_| invalid(coordinate(ty, &field.name), "selected, and not defined"))?;
            if schema.types.get(ty).is_some_and(is_entity) {
                let fields = &mut self.entry(id, ty).fields;
                fields
                    .entry(field.name.clone())
                    .or_insert_with(|| plain(&definition.ty, resolution));
            }
            self.add_set(id, definition.ty.inner_named_type(), &field.selection, resolution)?;
        }
        Ok(())
    }

    /// Value types, and all that is no object: whatever the subgraph's fields lead to.
    fn add_values(&mut self, index: usize) {
        let schema = self.schema;
        let implementers = schema.implementers_map();
        let types = &mut self.subgraphs[index].types;
        let mut open: Vec<Name> = Vec::new();
        for (name, entry) in types.iter() {
            for field in entry.fields.keys() {
                let field = schema.type_field(name, field);
                open.extend(field.into_iter().flat_map(|field| named_by(field)));
            }
            let object = schema.get_object(name);
            open.extend(
                object
                    .into_iter()
                    .flat_map(|object| names(&object.implements_interfaces)),
            );
        }
        while let Some(name) = open.pop() {
            let Some(ty) = schema.types.get(&name) else {
                continue;
            };
            if ty.is_built_in() || is_entity(ty) || types.contains_key(&name) {
                continue;
            }
            let mut entry = SubgraphType::default();
            for (field_name, field) in fields(ty).into_iter().flatten() {
                open.extend(named_by(field));
                entry
                    .fields
                    .insert(field_name.clone(), plain(&field.ty, FieldResolution::Local));
            }
            match ty {
                ExtendedType::Interface(_) => {
                    open.extend(
                        implementers
                            .get(&name)
                            .into_iter()
                            .flat_map(|found| found.iter().cloned()),
                    );
                }
                ExtendedType::Object(object) => open.extend(names(&object.implements_interfaces)),
                ExtendedType::Union(union) => open.extend(names(&union.members)),
                ExtendedType::InputObject(input) => {
                    open.extend(
                        input
                            .fields
                            .values()
                            .map(|field| field.ty.inner_named_type().clone()),
                    );
                }
                ExtendedType::Scalar(_) | ExtendedType::Enum(_) => {}
            }
            types.insert(name, entry);
        }
    }

    /// A field of an interface that some implementation does not have in this subgraph is not asked of the interface there.
    fn drop_unimplemented(&mut self, index: usize) {
        let schema = self.schema;
        let types = &mut self.subgraphs[index].types;
        let mut missing: Vec<(Name, Name)> = Vec::new();
        for (name, entry) in types.iter() {
            let Some(object) = schema.get_object(name) else {
                continue;
            };
            for interface in names(&object.implements_interfaces) {
                let fields = types
                    .get(&interface)
                    .into_iter()
                    .flat_map(|entry| entry.fields.keys());
                let lacking = fields.filter(|field| !entry.fields.contains_key(*field));
                missing.extend(lacking.map(|field| (interface.clone(), field.clone())));
            }
        }
        for (interface, field) in missing {
            if let Some(entry) = types.get_mut(&interface) {
                entry.fields.shift_remove(&field);
            }
        }
    }

    fn entry(&mut self, id: SubgraphId, name: &Name) -> &mut SubgraphType {
        self.subgraphs[id.index()].types.entry(name.clone()).or_default()
    }
}

fn is_entity(ty: &ExtendedType) -> bool {
    ty.is_object() && ty.directives().has("join__owner")
}

fn fields(ty: &ExtendedType) -> Option<&Fields> {
    match ty {
        ExtendedType::Object(object) => Some(&object.fields),
        ExtendedType::Interface(interface) => Some(&interface.fields),
        _ => None,
    }
}

/// The types that a field's definition names.
fn named_by(field: &FieldDefinition) -> Vec<Name> {
    let arguments = field.arguments.iter();
    let mut names: Vec<Name> = arguments
        .map(|argument| argument.ty.inner_named_type().clone())
        .collect();
    names.push(field.ty.inner_named_type().clone());
    names
}

fn names(listed: &IndexSet<Node<Name>>) -> Vec<Name> {
    listed.iter().map(|name| (**name).clone()).collect()
}

fn plain(ty: &Type, resolution: FieldResolution) -> SubgraphField {
    SubgraphField::new(ty.clone(), resolution)
}
