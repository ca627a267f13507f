//! What a document asks of a subgraph beyond its schema: fields that it marks `@external` only where `@provides` brings them,
//! none that another one has overridden, and those with `@requires` only of entities that are sent with what is required.

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Directive, Document, FieldDefinition};
use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use causeway_model::{Fetch, FetchTarget};
use std::collections::{BTreeMap, BTreeSet};

/// What each subgraph's SDL says of its fields.
pub(crate) struct Audit {
    /// (subgraph, type, field)
    fields: BTreeMap<(String, String, String), Node<FieldDefinition>>,
    /// Fields that are not answered there: always, or while a label is as told.
    overridden: BTreeMap<(String, String, String), Option<(String, bool)>>,
}

impl Audit {
    pub(crate) fn new(subgraphs: &[(String, String)]) -> Self {
        let mut audit = Self {
            fields: BTreeMap::new(),
            overridden: BTreeMap::new(),
        };
        for (name, sdl) in subgraphs {
            let document = Document::parse(sdl, "subgraph.graphql").unwrap();
            for definition in &document.definitions {
                let (ty, fields) = match definition {
                    Definition::ObjectTypeDefinition(object) => (&object.name, &object.fields),
                    Definition::InterfaceTypeDefinition(interface) => (&interface.name, &interface.fields),
                    _ => continue,
                };
                for field in fields {
                    let place = |graph: &str| (graph.to_owned(), ty.to_string(), field.name.to_string());
                    audit.fields.insert(place(name), field.clone());
                    if let Some(taken) = field.directives.get("override") {
                        let label = text(taken, "label");
                        let while_on = (!label.is_empty()).then(|| (label.clone(), true));
                        audit.overridden.insert(place(&text(taken, "from")), while_on);
                        if !label.is_empty() {
                            audit.overridden.insert(place(name), Some((label, false)));
                        }
                    }
                }
            }
        }
        audit
    }

    /// The first thing that a fetch should not ask.
    pub(crate) fn check(
        &self,
        subgraph: &str,
        fetch: &Fetch,
        document: &ExecutableDocument,
        on: &BTreeSet<&str>,
    ) -> Result<(), String> {
        let operation = document.operations.iter().next().expect("one operation");
        let walk = Walk {
            audit: self,
            subgraph,
            document,
            on,
        };
        let FetchTarget::Entities(calls) = &fetch.target else {
            return walk.selection(&operation.selection_set, &BTreeSet::new(), None);
        };
        for call in calls {
            let targets = call.places.iter().flat_map(|place| &place.targets);
            // Every entity of a call is sent with the same kind of representation as its type's others.
            let mut sent: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for target in targets {
                let names = target
                    .representation
                    .fields
                    .iter()
                    .map(|field| field.name.to_string())
                    .collect();
                sent.entry(target.representation.typename.to_string())
                    .and_modify(|held| *held = held.intersection(&names).cloned().collect())
                    .or_insert(names);
            }
            for selection in &operation.selection_set.selections {
                match selection {
                    Selection::Field(field) if field.response_name() == call.alias.as_str() => {
                        let set = field.selection_set.as_ref().expect("entities have fields");
                        walk.selection(set, &BTreeSet::new(), Some(&sent))?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

struct Walk<'a> {
    audit: &'a Audit,
    subgraph: &'a str,
    document: &'a ExecutableDocument,
    /// The labels of progressive overrides that are on.
    on: &'a BTreeSet<&'a str>,
}

impl Walk<'_> {
    /// `provided` are the fields that `@provides` brings here; `sent`, where these are entities just loaded, what their
    /// representations hold.
    fn selection(
        &self,
        set: &SelectionSet,
        provided: &BTreeSet<String>,
        sent: Option<&BTreeMap<String, BTreeSet<String>>>,
    ) -> Result<(), String> {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    let place = (
                        self.subgraph.to_owned(),
                        set.ty.to_string(),
                        field.name.to_string(),
                    );
                    let Some(definition) = self.audit.fields.get(&place) else {
                        continue;
                    };
                    let coordinate = format!("{}.{} of {}", place.1, place.2, self.subgraph);
                    let overridden = self.audit.overridden.get(&place).is_some_and(|label| {
                        label
                            .as_ref()
                            .is_none_or(|(label, on)| self.on.contains(label.as_str()) == *on)
                    });
                    if overridden {
                        return Err(format!("{coordinate} is overridden"));
                    }
                    if definition.directives.has("external") && !provided.contains(field.name.as_str()) {
                        return Err(format!("{coordinate} is external"));
                    }
                    if let Some(requires) = definition.directives.get("requires") {
                        let held = sent.and_then(|sent| sent.get(set.ty.as_str()));
                        let missing = names(&text(requires, "fields"))
                            .into_iter()
                            .find(|name| held.is_none_or(|held| !held.contains(name)));
                        if let Some(missing) = missing {
                            return Err(format!("{coordinate} is asked without {missing}"));
                        }
                    }
                    let below = definition
                        .directives
                        .get("provides")
                        .map(|used| names(&text(used, "fields")));
                    if let Some(set) = &field.selection_set {
                        self.selection(set, &below.unwrap_or_default(), None)?;
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.selection(&fragment.selection_set, provided, sent)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = spread.fragment_def(self.document).expect("the document is valid");
                    self.selection(&fragment.selection_set, provided, sent)?;
                }
            }
        }
        Ok(())
    }
}

fn text(directive: &Directive, argument: &str) -> String {
    let value = directive
        .specified_argument_by_name(argument)
        .and_then(|value| value.as_str());
    value.unwrap_or_default().to_owned()
}

/// The field set's own fields, without what is nested.
fn names(fields: &str) -> BTreeSet<String> {
    let mut depth = 0_usize;
    let mut found = BTreeSet::new();
    for word in fields.split_whitespace() {
        match word {
            "{" => depth += 1,
            "}" => depth -= 1,
            name if depth == 0 => {
                found.insert(name.to_owned());
            }
            _ => {}
        }
    }
    found
}
