//! Descriptions: the one that most subgraphs have wins; at a tie the first by subgraph name.

use super::Context;
use crate::diagnostic::Code;

pub(super) fn merge(
    cx: &mut Context<'_, '_>,
    coordinate: &str,
    descriptions: Vec<(usize, Option<&str>)>,
) -> Option<String> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    for (graph, text) in descriptions {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            continue;
        };
        match groups.iter_mut().find(|(known, _)| *known == text) {
            Some((_, graphs)) => graphs.push(graph),
            None => groups.push((text, vec![graph])),
        }
    }
    let most = groups.iter().map(|(_, graphs)| graphs.len()).max()?;
    let chosen = groups.iter().position(|(_, graphs)| graphs.len() == most)?;
    let (text, _) = groups[chosen];
    if groups.len() > 1 {
        let used = groups[chosen].1.clone();
        let others: Vec<usize> = groups
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != chosen)
            .flat_map(|(_, group)| group.1.clone())
            .collect();
        let message = format!(
            "\"{coordinate}\" is described differently across subgraphs: the supergraph takes the description of {}, not that of {}",
            cx.names(used.iter().copied()),
            cx.names(others.iter().copied())
        );
        let graphs = used.into_iter().chain(others).map(|graph| (graph, None));
        let diagnostic = cx.finding(Code::InconsistentDescription, coordinate, message, graphs);
        cx.diagnostics
            .push(diagnostic.help("describe it in one subgraph, or with the same words in all"));
    }
    Some(text.to_owned())
}
