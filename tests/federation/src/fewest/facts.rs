//! Sets of facts.

use std::ops::{BitAnd, BitOr, BitOrAssign};

/// A set of facts, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Facts([u64; Self::WORDS]);

impl Facts {
    const WORDS: usize = 4;
    /// As many as there may be.
    pub(super) const MOST: usize = 64 * Self::WORDS;

    pub(super) fn one(fact: usize) -> Self {
        let mut facts = Self::default();
        facts.0[fact / 64] = 1 << (fact % 64);
        facts
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn has(&self, fact: usize) -> bool {
        self.0[fact / 64] >> (fact % 64) & 1 == 1
    }

    pub(super) fn has_all(&self, others: Self) -> bool {
        *self & others == others
    }

    pub(super) fn without(mut self, others: Self) -> Self {
        self.0
            .iter_mut()
            .zip(others.0)
            .for_each(|(word, other)| *word &= !other);
        self
    }
}

impl BitAnd for Facts {
    type Output = Self;

    fn bitand(mut self, other: Self) -> Self {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(word, other)| *word &= other);
        self
    }
}

impl BitOr for Facts {
    type Output = Self;

    fn bitor(mut self, other: Self) -> Self {
        self |= other;
        self
    }
}

impl BitOrAssign for Facts {
    fn bitor_assign(&mut self, other: Self) {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(word, other)| *word |= other);
    }
}
