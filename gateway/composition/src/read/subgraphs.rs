//! What each subgraph defines, as the `join__` directives tell it.

mod owned;

use apollo_compiler::{
    Name, Schema,
    ast::{self, Directive, DirectiveList, FieldDefinition, Type, Value},
    collections::{HashMap, IndexMap},
    schema::ExtendedType,
    validation::Valid,
};
use causeway_model::{
    FieldResolution, FieldSet, Key, LabelCondition, Subgraph, SubgraphField, SubgraphId, SubgraphType,
};

use super::{
    Features, ReadError, caching::Caching, contexts::context_arguments, coordinate,
    field_set::parse_field_set, invalid, labels::Labels,
};
use crate::link::Version;

/// The first version of `join` in which no subgraph owns a type.
const OWNERS_UNTIL: Version = Version::new(0, 2);

/// The subgraphs, and the labels of progressive overrides.
pub(super) fn subgraphs(
    schema: &Valid<Schema>,
    features: &Features,
) -> Result<(Vec<Subgraph>, Vec<String>), ReadError> {
    let mut reader = Reader::new(schema)?;
    let own = schema
        .types
        .iter()
        .filter(|(name, ty)| !ty.is_built_in() && !features.is_spec_type(name));
    let has_owners = features
        .version("join")
        .is_some_and(|version| version < OWNERS_UNTIL)
        || schema.directive_definitions.contains_key("join__owner");
    if has_owners {
        reader.read_owned(own)?;
    } else {
        for (name, ty) in own {
            reader.read_type(name, ty)?;
        }
    }
    reader.fill_possible_types();
    Ok((reader.subgraphs, reader.labels.names))
}

struct Reader<'a> {
    schema: &'a Valid<Schema>,
    subgraphs: Vec<Subgraph>,
    /// By value of the `join__Graph` enum.
    ids: HashMap<Name, SubgraphId>,
    labels: Labels,
}

impl<'a> Reader<'a> {
    fn new(schema: &'a Valid<Schema>) -> Result<Self, ReadError> {
        let graphs = schema.get_enum("join__Graph").ok_or(ReadError::NotASupergraph)?;
        let mut subgraphs = Vec::new();
        let mut ids = HashMap::default();
        for (value_name, value) in &graphs.values {
            let graph = value.directives.get("join__graph");
            let text = |argument| {
                graph
                    .and_then(|graph| string(graph, argument))
                    .unwrap_or_default()
                    .to_owned()
            };
            let id = SubgraphId(
                u16::try_from(subgraphs.len())
                    .map_err(|_| invalid("join__Graph", "more than 65,535 subgraphs"))?,
            );
            ids.insert(value_name.clone(), id);
            let name = text("name");
            let name = if name.is_empty() {
                value_name.to_string()
            } else {
                name
            };
            subgraphs.push(Subgraph {
                name,
                url: text("url"),
                types: IndexMap::default(),
            });
        }
        Ok(Self {
            schema,
            subgraphs,
            ids,
            labels: Labels::collect(schema)?,
        })
    }

    fn graph(&self, directive: &Directive, at: &str) -> Result<Option<SubgraphId>, ReadError> {
        match directive
            .specified_argument_by_name("graph")
            .and_then(|value| value.as_enum())
        {
            None => Ok(None),
            Some(name) => match self.ids.get(name) {
                Some(id) => Ok(Some(*id)),
                None => Err(invalid(at, format!("`{name}` is no value of join__Graph"))),
            },
        }
    }

    fn read_type(&mut self, name: &Name, ty: &ExtendedType) -> Result<(), ReadError> {
        let members = self.type_members(name, ty)?;
        for (id, entry) in &members {
            self.subgraphs[id.index()].types.insert(
                name.clone(),
                SubgraphType {
                    keys: entry.keys.clone(),
                    is_interface_object: entry.is_interface_object,
                    ..SubgraphType::default()
                },
            );
        }
        for (id, caching) in Caching::read(ty.directives(), &self.ids) {
            if let Some(entry) = self.subgraphs[id.index()].types.get_mut(name) {
                caching.give_type(entry);
            }
        }
        let fields = match ty {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => &interface.fields,
            _ => return Ok(()),
        };
        let ids: Vec<SubgraphId> = members.keys().copied().collect();
        for (field_name, field) in fields {
            self.read_field(name, field_name, field, &ids)?;
        }
        Ok(())
    }

    /// The subgraphs that define the type, with what their `@join__type`s say. A type without any belongs
    /// to all.
    fn type_members(
        &self,
        name: &Name,
        ty: &ExtendedType,
    ) -> Result<IndexMap<SubgraphId, SubgraphType>, ReadError> {
        let mut members: IndexMap<SubgraphId, SubgraphType> = IndexMap::default();
        for directive in ty.directives().get_all("join__type") {
            let Some(id) = self.graph(directive, name)? else {
                continue;
            };
            let entry = members.entry(id).or_default();
            entry.is_interface_object |= boolean(directive, "isInterfaceObject").unwrap_or(false);
            if let Some(text) = string(directive, "key") {
                let fields = parse_field_set(text).map_err(|reason| invalid(name.as_str(), reason))?;
                let resolvable = boolean(directive, "resolvable").unwrap_or(true);
                entry.keys.push(Key { fields, resolvable });
            }
        }
        if members.is_empty() {
            members.extend(self.ids.values().map(|id| (*id, SubgraphType::default())));
            members.sort_keys();
        }
        Ok(members)
    }

    fn read_field(
        &mut self,
        ty: &Name,
        name: &Name,
        field: &FieldDefinition,
        members: &[SubgraphId],
    ) -> Result<(), ReadError> {
        let at = coordinate(ty, name);
        let mut joined = false;
        for directive in field.directives.get_all("join__field") {
            let Some(id) = self.graph(directive, &at)? else {
                // `@join__field` without a graph: an interface field that comes from interface objects alone.
                joined = true;
                continue;
            };
            joined = true;
            let external = boolean(directive, "external").unwrap_or(false);
            let label = self.label(field, directive, id);
            // With a label the field is taken over for some requests only, whatever else is said.
            let overridden = label.is_none() && boolean(directive, "usedOverridden").unwrap_or(false);
            let definition = SubgraphField {
                ty: match string(directive, "type") {
                    Some(text) => {
                        Type::parse(text, "type").map_err(|_| invalid(&at, format!("`{text}` is no type")))?
                    }
                    None => field.ty.clone(),
                },
                resolution: match (overridden, external) {
                    (true, _) => FieldResolution::Overridden,
                    (_, true) => FieldResolution::External,
                    _ => FieldResolution::Local,
                },
                label,
                requires: selection(directive, "requires", &at)?,
                provides: selection(directive, "provides", &at)?,
                context_arguments: context_arguments(directive, &at)?,
                cache_tags: Vec::new(),
                cache_control: None,
            };
            let Some(entry) = self.subgraphs[id.index()].types.get_mut(ty) else {
                let subgraph = &self.subgraphs[id.index()].name;
                return Err(invalid(
                    &at,
                    format!("joined to subgraph `{subgraph}`, which does not define `{ty}`"),
                ));
            };
            entry.fields.insert(name.clone(), definition);
        }
        if !joined {
            for id in members {
                let definition = SubgraphField::new(field.ty.clone(), FieldResolution::Local);
                self.subgraphs[id.index()].types[ty]
                    .fields
                    .insert(name.clone(), definition);
            }
        }
        for (id, caching) in Caching::read(&field.directives, &self.ids) {
            let entry = self.subgraphs[id.index()].types.get_mut(ty);
            if let Some(field) = entry.and_then(|entry| entry.fields.get_mut(name)) {
                caching.give_field(field);
            }
        }
        Ok(())
    }

    /// The part of `subgraph` in a progressive override, by its own `@join__field` or by that of the subgraph which takes
    /// the field over.
    fn label(
        &self,
        field: &FieldDefinition,
        own: &Directive,
        subgraph: SubgraphId,
    ) -> Option<LabelCondition> {
        let condition = |directive: &Directive, when| {
            let label = self.labels.id(string(directive, "overrideLabel")?)?;
            Some(LabelCondition { label, when })
        };
        let exists = |name: &str| self.subgraphs.iter().any(|subgraph| subgraph.name == name);
        match string(own, "override") {
            Some(from) if exists(from) => condition(own, true),
            Some(_) => None,
            None => {
                let name = self.subgraphs[subgraph.index()].name.as_str();
                let taker = field
                    .directives
                    .get_all("join__field")
                    .find(|other| string(other, "override") == Some(name));
                condition(taker.map_or(own, |taker| &**taker), false)
            }
        }
    }

    fn fill_possible_types(&mut self) {
        let schema = self.schema;
        for (name, ty) in &schema.types {
            let abstracts: Vec<(Name, Option<SubgraphId>)> = match ty {
                ExtendedType::Object(object) => {
                    let mut all = vec![(name.clone(), None)];
                    all.extend(self.implemented(&object.directives, &object.implements_interfaces));
                    all
                }
                ExtendedType::Union(union) => {
                    self.fill_union(name, union);
                    continue;
                }
                _ => continue,
            };
            for (abstract_type, only) in abstracts {
                self.add_possible_type(&abstract_type, name, only);
            }
        }
    }

    /// In the subgraph `only`, or in all that define both types. To an interface object the concrete types are
    /// unknown, save itself.
    fn add_possible_type(&mut self, abstract_type: &Name, concrete: &Name, only: Option<SubgraphId>) {
        for (index, subgraph) in self.subgraphs.iter_mut().enumerate() {
            let concerned =
                only.is_none_or(|id| id.index() == index) && subgraph.types.contains_key(concrete);
            if concerned
                && let Some(entry) = subgraph.types.get_mut(abstract_type)
                && (!entry.is_interface_object || abstract_type == concrete)
            {
                entry.possible_types.push(concrete.clone());
            }
        }
    }

    fn implemented(
        &self,
        directives: &DirectiveList,
        interfaces: &apollo_compiler::collections::IndexSet<apollo_compiler::Node<Name>>,
    ) -> Vec<(Name, Option<SubgraphId>)> {
        let joined: Vec<_> = directives
            .get_all("join__implements")
            .filter_map(|directive| {
                let id = self.graph(directive, "join__implements").ok().flatten()?;
                Some((Name::new(string(directive, "interface")?).ok()?, Some(id)))
            })
            .collect();
        if joined.is_empty() {
            interfaces.iter().map(|name| ((**name).clone(), None)).collect()
        } else {
            joined
        }
    }

    fn fill_union(&mut self, name: &Name, union: &apollo_compiler::schema::UnionType) {
        let joined: Vec<(SubgraphId, Name)> = union
            .directives
            .get_all("join__unionMember")
            .filter_map(|directive| {
                let id = self.graph(directive, name).ok().flatten()?;
                Some((id, Name::new(string(directive, "member")?).ok()?))
            })
            .collect();
        for (index, subgraph) in self.subgraphs.iter_mut().enumerate() {
            let known: Vec<Name> = union
                .members
                .iter()
                .map(|member| (**member).clone())
                .filter(|member| subgraph.types.contains_key(member))
                .filter(|member| {
                    joined.is_empty()
                        || joined
                            .iter()
                            .any(|(id, name)| id.index() == index && name == member)
                })
                .collect();
            if let Some(entry) = subgraph.types.get_mut(name) {
                entry.possible_types = known;
            }
        }
    }
}

fn selection(directive: &Directive, argument: &str, at: &str) -> Result<Option<FieldSet>, ReadError> {
    let Some(text) = string(directive, argument) else {
        return Ok(None);
    };
    let set: FieldSet =
        parse_field_set(text).map_err(|reason| invalid(at, format!("@{argument}: {reason}")))?;
    Ok(Some(set))
}

fn argument<'a>(directive: &'a Directive, name: &str) -> Option<&'a ast::Value> {
    directive.specified_argument_by_name(name).map(|value| &**value)
}

pub(super) fn string<'a>(directive: &'a Directive, name: &str) -> Option<&'a str> {
    argument(directive, name).and_then(Value::as_str)
}

fn boolean(directive: &Directive, name: &str) -> Option<bool> {
    argument(directive, name).and_then(Value::to_bool)
}
