//! Labels of progressive `@override`s: per request each is on or off.

use std::collections::BTreeSet;

/// Index of a label in [`Supergraph::labels`](crate::Supergraph::labels).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(pub u16);

impl LabelId {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The labels that are on; all others are off.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelSet(BTreeSet<LabelId>);

impl LabelSet {
    pub fn contains(&self, label: LabelId) -> bool {
        self.0.contains(&label)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn insert(&mut self, label: LabelId) {
        self.0.insert(label);
    }

    pub fn iter(&self) -> impl Iterator<Item = LabelId> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<LabelId> for LabelSet {
    fn from_iter<I: IntoIterator<Item = LabelId>>(labels: I) -> Self {
        Self(labels.into_iter().collect())
    }
}

/// A subgraph's part in a progressive override: it answers the field only while the label is as `when` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelCondition {
    pub label: LabelId,
    /// `true` for the subgraph that takes the field over, `false` for the one that it is taken from.
    pub when: bool,
}

impl LabelCondition {
    pub fn holds(self, on: &LabelSet) -> bool {
        on.contains(self.label) == self.when
    }
}
