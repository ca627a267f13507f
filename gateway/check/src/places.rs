//! Where elements stand in the texts of a revision.
//!
//! Names of elements are those of [`origins`](crate::origins).

use std::collections::HashMap;

use apollo_compiler::{
    Name, Node,
    ast::{Definition, Document, EnumValueDefinition, FieldDefinition, InputValueDefinition},
};

use crate::{
    Source, Span,
    diff::{argument, implementation, member, parent},
};

#[derive(Default)]
pub(crate) struct Places {
    by_element: HashMap<String, Vec<Span>>,
    /// The first line of each subgraph's text.
    starts: HashMap<String, Span>,
}

impl Places {
    pub(crate) fn read(sources: &[Source]) -> Self {
        let mut places = Self::default();
        for source in sources {
            if let Some(subgraph) = &source.subgraph {
                let file = source.file.clone();
                let start = Span {
                    file,
                    subgraph: source.subgraph.clone(),
                    line: 1,
                    column: 1,
                    end_column: 1,
                };
                places.starts.insert(subgraph.clone(), start);
            }
            if let Ok(document) = Document::parse(source.sdl.as_str(), &source.file) {
                let mut reader = Reader {
                    source,
                    document: &document,
                    places: &mut places,
                };
                for definition in &document.definitions {
                    reader.definition(definition);
                }
            }
        }
        places
    }

    /// Where the element stands, in one of `subgraphs` rather than elsewhere.
    pub(crate) fn find(&self, element: &str, subgraphs: &[String]) -> Option<Span> {
        let all = self.by_element.get(element)?;
        let preferred = all.iter().find(|span| {
            span.subgraph
                .as_ref()
                .is_some_and(|subgraph| subgraphs.contains(subgraph))
        });
        preferred.or(all.first()).cloned()
    }

    /// The element itself where it is only hidden from clients, else the closest parent that still stands, else the start of
    /// the first subgraph's text.
    pub(crate) fn near(&self, element: &str, subgraphs: &[String]) -> Option<Span> {
        let mut at = Some(element);
        while let Some(element) = at {
            if let Some(span) = self.find(element, subgraphs) {
                return Some(span);
            }
            at = parent(element);
        }
        subgraphs
            .iter()
            .find_map(|subgraph| self.starts.get(subgraph))
            .cloned()
    }

    pub(crate) fn subgraphs(&self, element: &str) -> Vec<String> {
        let spans = self
            .by_element
            .get(element)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut names: Vec<String> = spans.iter().filter_map(|span| span.subgraph.clone()).collect();
        names.sort();
        names.dedup();
        names
    }
}

struct Reader<'a> {
    source: &'a Source,
    document: &'a Document,
    places: &'a mut Places,
}

impl Reader<'_> {
    fn definition(&mut self, definition: &Definition) {
        let Some(name) = definition.name() else { return };
        if let Definition::DirectiveDefinition(directive) = definition {
            let directive_name = format!("@{name}");
            self.add(directive_name.clone(), name);
            self.arguments(&directive_name, &directive.arguments);
            return;
        }
        if matches!(
            definition,
            Definition::OperationDefinition(_) | Definition::FragmentDefinition(_)
        ) {
            return;
        }
        self.add(name.to_string(), name);
        match definition {
            Definition::ObjectTypeDefinition(ty) => {
                self.composite(name, &ty.implements_interfaces, &ty.fields)
            }
            Definition::ObjectTypeExtension(ty) => {
                self.composite(name, &ty.implements_interfaces, &ty.fields)
            }
            Definition::InterfaceTypeDefinition(ty) => {
                self.composite(name, &ty.implements_interfaces, &ty.fields)
            }
            Definition::InterfaceTypeExtension(ty) => {
                self.composite(name, &ty.implements_interfaces, &ty.fields)
            }
            Definition::InputObjectTypeDefinition(ty) => self.inputs(name, &ty.fields),
            Definition::InputObjectTypeExtension(ty) => self.inputs(name, &ty.fields),
            Definition::EnumTypeDefinition(ty) => self.values(name, &ty.values),
            Definition::EnumTypeExtension(ty) => self.values(name, &ty.values),
            Definition::UnionTypeDefinition(ty) => self.members(name, &ty.members),
            Definition::UnionTypeExtension(ty) => self.members(name, &ty.members),
            _ => {}
        }
    }

    fn composite(&mut self, name: &Name, interfaces: &[Name], fields: &[Node<FieldDefinition>]) {
        for interface in interfaces {
            self.add(implementation(name, interface), interface);
        }
        for field in fields {
            let coordinate = format!("{name}.{}", field.name);
            self.add(coordinate.clone(), &field.name);
            self.arguments(&coordinate, &field.arguments);
        }
    }

    fn arguments(&mut self, of: &str, arguments: &[Node<InputValueDefinition>]) {
        for definition in arguments {
            self.add(argument(of, &definition.name), &definition.name);
        }
    }

    fn inputs(&mut self, name: &Name, fields: &[Node<InputValueDefinition>]) {
        for field in fields {
            self.add(format!("{name}.{}", field.name), &field.name);
        }
    }

    fn values(&mut self, name: &Name, values: &[Node<EnumValueDefinition>]) {
        for value in values {
            self.add(format!("{name}.{}", value.value), &value.value);
        }
    }

    fn members(&mut self, name: &Name, members: &[Name]) {
        for type_name in members {
            self.add(member(name, type_name), type_name);
        }
    }

    fn add(&mut self, element: String, name: &Name) {
        let Some(range) = name.line_column_range(&self.document.sources) else {
            return;
        };
        let span = Span {
            file: self.source.file.clone(),
            subgraph: self.source.subgraph.clone(),
            line: range.start.line,
            column: range.start.column,
            end_column: range.end.column,
        };
        self.places.by_element.entry(element).or_default().push(span);
    }
}
