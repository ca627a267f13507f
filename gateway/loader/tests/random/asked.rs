//! Operations taken apart again.

use causeway_executor::{EntityList, SubgraphRequest};

use crate::graphql::{is_name, name_at, places};

/// The questions that were put into one operation, each as it was; a request alone is itself.
pub(crate) fn asked_apart(request: &SubgraphRequest) -> Vec<SubgraphRequest> {
    if !request.document.contains("q0_") {
        return vec![request.clone()];
    }
    let (start, fields) = places(&request.document);
    let ends = fields.iter().skip(1).map(|next| next - 1);
    let ends = ends.chain([request.document.len() - 1]);
    let fields: Vec<&str> = fields
        .iter()
        .zip(ends)
        .map(|(start, end)| &request.document[*start..end])
        .collect();
    let definitions = request.document.strip_prefix("query(");
    let definitions = definitions.map_or("", |rest| &rest[..start - "query(".len() - 2]);
    let members = std::str::from_utf8(&request.variables).unwrap();
    let of = |number: usize| {
        let prefix = format!("q{number}_");
        let own = |text: &&str| text.contains(&prefix);
        let plain = |text: &str| {
            let text = text.replace(&prefix, "");
            let key = name_at(&text, 0).to_owned();
            let same = format!("{key}:{key}");
            match text.strip_prefix(&same) {
                Some(rest) if !rest.starts_with(is_name) => format!("{key}{rest}"),
                _ => text,
            }
        };
        let selection: Vec<String> = fields.iter().copied().filter(own).map(plain).collect();
        let definitions: Vec<&str> = definitions.split(',').filter(own).collect();
        let definitions = definitions.join(",").replace(&prefix, "");
        let selection = selection.join(" ");
        let members: Vec<&str> = members.split(',').filter(own).collect();
        let lists = request.entities.iter();
        (!selection.is_empty()).then(|| SubgraphRequest {
            document: match definitions.as_str() {
                "" => format!("{{{selection}}}").into(),
                _ => format!("query({definitions}){{{selection}}}").into(),
            },
            variables: members.join(",").replace(&prefix, "").into(),
            entities: lists
                .filter(|list| list.key.starts_with(&prefix))
                .map(|list| EntityList {
                    key: list.key.replace(&prefix, ""),
                    variable: list.variable.replace(&prefix, ""),
                    representations: list.representations.clone(),
                })
                .collect(),
            ..request.clone()
        })
    };
    (0..).map_while(of).collect()
}
