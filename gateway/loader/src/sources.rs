//! Which of a caller's entities comes with which batch.

use std::sync::Arc;

use crate::batch::{Batch, BatchId};

/// A batch that brings something to a caller.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) id: BatchId,
    pub(crate) batch: Arc<Batch>,
}

#[derive(Debug)]
pub(crate) enum Sources {
    /// All comes with one part, and stands at the start of its lists, in the caller's order.
    Same(usize),
    /// By list and number of the entity.
    Each(Vec<Vec<Source>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source {
    /// Number of the part.
    pub(crate) part: usize,
    /// In the list of the part's batch as it was gathered.
    pub(crate) position: usize,
}

impl Part {
    pub(crate) fn new(id: BatchId, batch: &Arc<Batch>) -> Self {
        Self {
            id,
            batch: Arc::clone(batch),
        }
    }
}

impl Sources {
    pub(crate) fn simplified(self, parts: &[Part]) -> Self {
        match &self {
            Self::Each(each) if parts.len() == 1 => {
                let mut lists = each.iter().map(|list| list.iter().enumerate());
                let same = lists.all(|mut list| list.all(|(number, source)| source.position == number));
                if same { Self::Same(0) } else { self }
            }
            _ => self,
        }
    }

    pub(crate) fn of(&self, list: usize, number: usize) -> Source {
        match self {
            Self::Same(part) => Source {
                part: *part,
                position: number,
            },
            Self::Each(each) => each[list][number],
        }
    }

    /// The positions of a list's entities that come with a part; `count`: how many the caller asked for in the list.
    pub(crate) fn positions(&self, part: usize, list: usize, count: usize, mut each: impl FnMut(usize)) {
        (0..count)
            .map(|number| self.of(list, number))
            .filter(|source| source.part == part)
            .for_each(|source| each(source.position));
    }
}
