//! Names of subgraphs as values of the enum `join__Graph`.

use crate::subgraph::Subgraph;
use crate::supergraph::Graph;
use std::collections::BTreeMap;

/// Upper case, other characters than letters and digits as `_`; equal results get `_1`, `_2`, … in name order.
pub(super) fn name(subgraphs: &[Subgraph]) -> Vec<Graph> {
    let mut ids: Vec<String> = subgraphs
        .iter()
        .map(|subgraph| sanitise(&subgraph.name))
        .collect();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for id in &ids {
        *count.entry(id.clone()).or_default() += 1;
    }
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for id in &mut ids {
        if count[id.as_str()] > 1 {
            let number = next.entry(id.clone()).or_default();
            *number += 1;
            *id = format!("{id}_{number}");
        }
    }
    subgraphs
        .iter()
        .zip(ids)
        .map(|(subgraph, id)| Graph {
            id,
            name: subgraph.name.clone(),
            url: subgraph.url.clone().unwrap_or_default(),
        })
        .collect()
}

fn sanitise(name: &str) -> String {
    let mut id: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    if id.starts_with(|first: char| first.is_ascii_digit()) {
        id.insert(0, '_');
    }
    // `_1` at the end is what collisions get; keep the two apart.
    if id
        .rsplit_once('_')
        .is_some_and(|(_, end)| !end.is_empty() && end.bytes().all(|b| b.is_ascii_digit()))
    {
        id.push('_');
    }
    id
}
