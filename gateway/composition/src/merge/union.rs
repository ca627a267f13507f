//! Unions: every member of every subgraph.

use super::{Context, Source};
use crate::diagnostic::Code;
use crate::supergraph::MergedType;

pub(super) fn merge(cx: &mut Context<'_, '_>, sources: &[Source<'_>], merged: &mut MergedType) {
    for source in sources {
        for member in &source.def.members {
            merged.members.insert(member.clone());
            merged.join_members.push((source.graph, member.clone()));
        }
    }
    for member in &merged.members {
        let (with, without): (Vec<&Source<'_>>, Vec<&Source<'_>>) = sources
            .iter()
            .partition(|source| source.def.members.contains(member));
        if !without.is_empty() {
            let message = format!(
                "the union \"{}\" has the member \"{member}\" in {}, but not in {}",
                merged.name,
                cx.names(with.iter().map(|source| source.graph)),
                cx.names(without.iter().map(|source| source.graph))
            );
            let places = with.iter().map(|source| (source.graph, source.def.location));
            let diagnostic = cx.finding(
                Code::InconsistentUnionMember,
                merged.name.as_str(),
                message,
                places,
            );
            cx.diagnostics.push(diagnostic);
        }
    }
}
