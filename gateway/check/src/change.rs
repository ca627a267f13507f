//! One difference between two API schemas, as every format shows it.

use serde::Serialize;

use crate::{Criticality, Kind};

/// A place in a schema or operation text. Lines and columns count from 1, in characters; `end_column` is the first
/// one after the name that stands there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    /// As the caller named the text.
    pub file: String,
    /// Whose text it is; `None` for a supergraph or API schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subgraph: Option<String>,
    pub line: usize,
    pub column: usize,
    pub end_column: usize,
}

/// One change, with what it means and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: Kind,
    pub criticality: Criticality,
    /// The schema coordinate: `Product.name`, `Query.product(id:)`, `Category.BOOKS`, `@live`.
    pub coordinate: String,
    pub message: String,
    /// Why changes of this kind have this criticality.
    pub why: &'static str,
    /// Who defines the element: in the new supergraph, or in the old one if it was removed. Empty when neither is known.
    pub subgraphs: Vec<String>,
    /// Where it stands in the old schema; `None` for what was added.
    pub old: Option<Span>,
    /// Where it stands in the new schema; `None` for what was removed.
    pub new: Option<Span>,
    /// For what was removed: the closest place in the new texts to look at, its parent as a rule.
    pub near: Option<Span>,
    /// Operations that need what changed. Empty too when no operations were given.
    pub used_by: Vec<OperationUse>,
}

impl Change {
    pub fn is_breaking(&self) -> bool {
        self.criticality == Criticality::Breaking
    }

    /// Where a reader should look first: the new text, since that is what can be edited.
    pub(crate) fn place(&self) -> Option<&Span> {
        self.new.as_ref().or(self.near.as_ref()).or(self.old.as_ref())
    }

    /// Worst first, then by coordinate; the same for every run.
    pub(crate) fn rank(&self) -> (Criticality, &str, Kind, &str) {
        (self.criticality, &self.coordinate, self.kind, &self.message)
    }
}

/// An operation that needs an element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OperationUse {
    pub name: String,
    pub file: String,
    pub line: usize,
    /// How often it was sent, if the manifest says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The variable whose value may need the element. `None`: the document itself says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}
