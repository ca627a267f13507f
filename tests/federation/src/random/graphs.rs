//! Random sets of subgraphs that mostly compose.
//!
//! A universe is drawn first: which types there are, with which fields, and who answers them. Then each subgraph writes down its
//! part, so that what two subgraphs say of one element fits together.

mod sdl;
mod split;
mod universe;

use super::choices::Choices;

/// (name, SDL) of each subgraph.
pub(super) fn subgraphs(choices: &mut Choices<'_>) -> Vec<(String, String)> {
    let universe = universe::Universe::draw(choices);
    (0..universe.subgraphs)
        .map(|index| {
            let draft = split::draft(&universe, choices, index);
            (universe::NAMES[index].to_owned(), draft.print())
        })
        .collect()
}
