//! One state of the graph: what clients see, who defines it, and where that is written.

use apollo_compiler::{Schema, validation::Valid};

use crate::{origins::Origins, places::Places};

/// A text in which a revision's elements can be pointed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Whose SDL it is; `None` for a supergraph or API schema.
    pub subgraph: Option<String>,
    /// How it is called in the report.
    pub file: String,
    pub sdl: String,
}

/// One side of a comparison.
pub struct Revision {
    pub(crate) api: Valid<Schema>,
    pub(crate) origins: Origins,
    pub(crate) places: Places,
}

impl Revision {
    /// `api` is what clients see; `supergraph` tells by its `join__` directives which subgraphs define what; `sources`
    /// are the texts to point at. A source that cannot be parsed is not pointed at.
    pub fn new(api: Valid<Schema>, supergraph: Option<&Schema>, sources: &[Source]) -> Self {
        Self {
            api,
            origins: supergraph.map(Origins::read).unwrap_or_default(),
            places: Places::read(sources),
        }
    }

    pub(crate) fn subgraphs(&self, element: &str) -> Vec<String> {
        let known = self.origins.of(element);
        if known.is_empty() {
            self.places.subgraphs(element)
        } else {
            known.to_vec()
        }
    }
}
