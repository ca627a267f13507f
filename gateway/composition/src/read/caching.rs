//! What subgraphs say about caching: `@cacheTag` and `@cacheControl`, as `@join__directive`s of the subgraphs that wrote them.

use apollo_compiler::{
    Name,
    ast::{Directive, DirectiveList, Value},
    collections::HashMap,
};
use causeway_model::{CacheControl, SubgraphField, SubgraphId, SubgraphType};

use super::subgraphs::string;
use crate::cache_control;

/// What one subgraph says of a type or field.
#[derive(Default)]
pub(super) struct Caching {
    tags: Vec<String>,
    control: Option<CacheControl>,
}

impl Caching {
    /// `@join__directive`s with other names are for others to read.
    pub(super) fn read(
        directives: &DirectiveList,
        ids: &HashMap<Name, SubgraphId>,
    ) -> HashMap<SubgraphId, Self> {
        let mut found: HashMap<SubgraphId, Self> = HashMap::default();
        for directive in directives.get_all("join__directive") {
            for graph in graphs(directive).filter_map(|graph| ids.get(graph)) {
                match string(directive, "name") {
                    Some("federation__cacheTag" | "cacheTag") => {
                        let tags = &mut found.entry(*graph).or_default().tags;
                        tags.extend(format(directive).map(str::to_owned));
                    }
                    Some("cacheControl" | "cache__cacheControl") => {
                        let control = cache_control::in_supergraph(directive);
                        found.entry(*graph).or_default().control = control;
                    }
                    _ => {}
                }
            }
        }
        found
    }

    pub(super) fn give_type(self, ty: &mut SubgraphType) {
        ty.cache_tags = self.tags;
        ty.cache_control = self.control;
    }

    pub(super) fn give_field(self, field: &mut SubgraphField) {
        field.cache_tags = self.tags;
        field.cache_control = self.control;
    }
}

fn graphs(directive: &Directive) -> impl Iterator<Item = &Name> {
    let list = directive.specified_argument_by_name("graphs");
    let list = list.and_then(|list| list.as_list()).unwrap_or_default();
    list.iter().filter_map(|graph| graph.as_enum())
}

fn format(directive: &Directive) -> Option<&str> {
    let arguments = directive.specified_argument_by_name("args")?.as_object()?;
    let (_, format) = arguments.iter().find(|(name, _)| name == "format")?;
    match &**format {
        Value::String(text) => Some(text),
        _ => None,
    }
}
