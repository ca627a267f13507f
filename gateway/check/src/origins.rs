//! Which subgraphs define an element, as a supergraph's `join__` directives say.
//!
//! Elements are named by coordinate; a union's member is `Union = Member`, an implementation `Type implements Interface`.

use std::collections::HashMap;

use apollo_compiler::{
    Name, Schema,
    ast::{Directive, DirectiveList},
    schema::ExtendedType,
};

use crate::diff::{implementation, member, parent};

#[derive(Default)]
pub(crate) struct Origins {
    by_element: HashMap<String, Vec<String>>,
}

impl Origins {
    pub(crate) fn read(supergraph: &Schema) -> Self {
        let mut reader = Reader {
            names: graph_names(supergraph),
            by_element: HashMap::new(),
        };
        for (name, ty) in supergraph.types.iter().filter(|(_, ty)| !ty.is_built_in()) {
            reader.read_type(name, ty);
        }
        Self {
            by_element: reader.by_element,
        }
    }

    /// In the supergraph's order; an element without an answer of its own has that of its parent.
    pub(crate) fn of(&self, element: &str) -> &[String] {
        let mut at = Some(element);
        while let Some(element) = at {
            if let Some(subgraphs) = self.by_element.get(element) {
                return subgraphs;
            }
            at = parent(element);
        }
        &[]
    }
}

/// Names of subgraphs by value of `join__Graph`.
fn graph_names(supergraph: &Schema) -> HashMap<Name, String> {
    let Some(graphs) = supergraph.get_enum("join__Graph") else {
        return HashMap::new();
    };
    let name = |directives: &DirectiveList| string(directives.get("join__graph")?, "name").map(str::to_owned);
    let all = graphs.values.iter();
    all.map(|(value, definition)| {
        (
            value.clone(),
            name(&definition.directives).unwrap_or_else(|| value.to_string()),
        )
    })
    .collect()
}

struct Reader {
    names: HashMap<Name, String>,
    by_element: HashMap<String, Vec<String>>,
}

impl Reader {
    fn read_type(&mut self, name: &Name, ty: &ExtendedType) {
        self.add_all(name.to_string(), ty.directives(), "join__type");
        for directive in ty.directives().get_all("join__implements") {
            if let Some(interface) = string(directive, "interface") {
                self.add(implementation(name, interface), directive);
            }
        }
        match ty {
            ExtendedType::Object(object) => {
                for (field, definition) in &object.fields {
                    self.add_all(format!("{name}.{field}"), &definition.directives, "join__field");
                }
            }
            ExtendedType::Interface(interface) => {
                for (field, definition) in &interface.fields {
                    self.add_all(format!("{name}.{field}"), &definition.directives, "join__field");
                }
            }
            ExtendedType::InputObject(input) => {
                for (field, definition) in &input.fields {
                    self.add_all(format!("{name}.{field}"), &definition.directives, "join__field");
                }
            }
            ExtendedType::Enum(enum_type) => {
                for (value, definition) in &enum_type.values {
                    self.add_all(
                        format!("{name}.{value}"),
                        &definition.directives,
                        "join__enumValue",
                    );
                }
            }
            ExtendedType::Union(union) => {
                for directive in union.directives.get_all("join__unionMember") {
                    if let Some(type_name) = string(directive, "member") {
                        self.add(member(name, type_name), directive);
                    }
                }
            }
            ExtendedType::Scalar(_) => {}
        }
    }

    fn add_all(&mut self, element: String, directives: &DirectiveList, joined_by: &str) {
        for directive in directives.get_all(joined_by) {
            self.add(element.clone(), directive);
        }
    }

    /// A subgraph that only refers to a field (`external`), or has lost it to another (`usedOverridden`), does not define it.
    fn add(&mut self, element: String, directive: &Directive) {
        let flag = |name| {
            directive
                .specified_argument_by_name(name)
                .and_then(|value| value.to_bool())
                == Some(true)
        };
        let graph = directive
            .specified_argument_by_name("graph")
            .and_then(|value| value.as_enum());
        if let Some(name) = graph.and_then(|graph| self.names.get(graph))
            && !flag("external")
            && !flag("usedOverridden")
        {
            let subgraphs = self.by_element.entry(element).or_default();
            if !subgraphs.contains(name) {
                subgraphs.push(name.clone());
            }
        }
    }
}

fn string<'a>(directive: &'a Directive, argument: &str) -> Option<&'a str> {
    directive.specified_argument_by_name(argument)?.as_str()
}
