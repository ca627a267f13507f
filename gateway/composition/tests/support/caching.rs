//! What a supergraph's subgraphs say about caching, a line for each element that has something.

use causeway_model::{CacheControl, Supergraph};

/// Nothing where nobody says anything.
pub(crate) fn print(supergraph: &Supergraph) -> String {
    let mut lines = String::new();
    let mut line = |coordinate: String, tags: &[String], control: Option<CacheControl>| {
        let mut said: Vec<String> = tags.iter().map(|tag| format!("tag \"{tag}\"")).collect();
        if let Some(control) = control {
            said.extend(control.max_age.map(|age| format!("{age} s")));
            said.extend(
                control
                    .private
                    .map(|private| if private { "private" } else { "public" }.to_owned()),
            );
            said.extend(control.inherit.then(|| "inherits".to_owned()));
        }
        if !said.is_empty() {
            lines.push_str(&format!("{coordinate}: {}\n", said.join(", ")));
        }
    };
    for subgraph in &supergraph.subgraphs {
        for (name, ty) in &subgraph.types {
            let coordinate = format!("{} {name}", subgraph.name);
            line(coordinate.clone(), &ty.cache_tags, ty.cache_control);
            for (field, found) in &ty.fields {
                line(
                    format!("{coordinate}.{field}"),
                    &found.cache_tags,
                    found.cache_control,
                );
            }
        }
    }
    if lines.is_empty() {
        return lines;
    }
    format!("\n# caching\n\n{lines}")
}
