//! Which events have been applied, and what may still be used (the protocol is in `port`).

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use foldhash::fast::RandomState;

use crate::{
    port::{Epoch, Position},
    tag::Tag,
};

/// Events that are remembered. What was loaded before the oldest of them is not used any more.
const REMEMBERED: usize = 100_000;

/// Up to where the feed had been followed when something was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) epoch: Epoch,
    pub(crate) position: Position,
    /// How often this gateway had held back what it kept until then ([`Marks::hold`]); 0 for what others have loaded.
    pub(crate) holds: u64,
}

pub(crate) struct Marks {
    /// Rises with each change, after it: what was valid at a generation is valid as long as it lasts.
    generation: AtomicU64,
    state: RwLock<State>,
}

struct State {
    stamp: Stamp,
    floor: Position,
    /// The last event that speaks of a tag.
    latest: HashMap<Tag, Position, RandomState>,
    order: VecDeque<(Position, Tag)>,
    /// Who holds back what was kept before: how many, and what is kept since.
    holders: usize,
    held: u64,
}

/// Remembers at which generation something was found valid.
#[derive(Debug, Default)]
pub(crate) struct Checked(AtomicU64);

impl Marks {
    pub(crate) fn new() -> Self {
        let state = State {
            stamp: Stamp {
                epoch: Epoch(0),
                position: Position::START,
                holds: 0,
            },
            floor: Position::START,
            latest: HashMap::default(),
            order: VecDeque::new(),
            holders: 0,
            held: 0,
        };
        Self {
            generation: AtomicU64::new(1),
            state: RwLock::new(state),
        }
    }

    /// For what is asked for from now on.
    pub(crate) fn stamp(&self) -> Stamp {
        self.read().stamp
    }

    pub(crate) fn reset(&self, epoch: Epoch, floor: Position) {
        let mut state = self.write();
        state.stamp = Stamp {
            epoch,
            position: floor,
            ..state.stamp
        };
        state.floor = floor;
        state.latest.clear();
        state.order.clear();
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Something has changed that the feed does not know of yet: until [`Self::release`] nothing is used here but what this gateway
    /// has asked for from now on.
    pub(crate) fn hold(&self) {
        let mut state = self.write();
        state.stamp.holds += 1;
        state.held = state.stamp.holds;
        state.holders += 1;
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn release(&self) {
        let mut state = self.write();
        state.holders = state.holders.saturating_sub(1);
        if state.holders == 0 {
            state.held = 0;
        }
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn apply(&self, position: Position, tags: &[Tag]) {
        let mut state = self.write();
        state.stamp.position = state.stamp.position.max(position);
        for tag in tags {
            state.latest.insert(*tag, position);
            state.order.push_back((position, *tag));
        }
        while state.order.len() > REMEMBERED {
            if let Some((position, tag)) = state.order.pop_front() {
                state.floor = state.floor.max(position);
                if state.latest.get(&tag) == Some(&position) {
                    state.latest.remove(&tag);
                }
            }
        }
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether what was loaded under a stamp may be used: no event since then speaks of it.
    pub(crate) fn allow(&self, stamp: Stamp, tags: &[Tag], checked: &Checked) -> bool {
        if checked.0.load(Ordering::Acquire) == self.generation.load(Ordering::SeqCst) {
            return true;
        }
        let state = self.read();
        let allowed = stamp.epoch == state.stamp.epoch
            && stamp.position >= state.floor
            && stamp.holds >= state.held
            && tags
                .iter()
                .all(|tag| state.latest.get(tag).is_none_or(|event| *event <= stamp.position));
        if allowed {
            // Under the lock nobody changes it.
            checked
                .0
                .store(self.generation.load(Ordering::SeqCst), Ordering::Release);
        }
        allowed
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, State> {
        self.state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u64) -> Position {
        Position(0, position)
    }

    #[test]
    fn what_was_asked_for_before_an_event_is_not_used_after_it() {
        let marks = Marks::new();
        marks.reset(Epoch(7), Position::START);
        let (old, checked) = (marks.stamp(), Checked::default());
        assert!(marks.allow(old, &[1, 2], &checked));
        marks.apply(at(1), &[9]);
        assert!(
            marks.allow(old, &[1, 2], &checked),
            "the event speaks of something else"
        );
        marks.apply(at(2), &[2]);
        assert!(!marks.allow(old, &[1, 2], &checked));
        // It comes late, and finds that it is too old.
        assert!(!marks.allow(old, &[1, 2], &Checked::default()));
        let new = marks.stamp();
        assert!(marks.allow(new, &[1, 2], &Checked::default()));
    }

    #[test]
    fn another_epoch_and_what_is_older_than_the_memory_are_not_used() {
        let marks = Marks::new();
        marks.reset(Epoch(7), at(3));
        let stamp = |epoch, position| Stamp {
            epoch: Epoch(epoch),
            position: at(position),
            holds: 0,
        };
        assert!(marks.allow(stamp(7, 3), &[], &Checked::default()));
        assert!(!marks.allow(stamp(7, 2), &[], &Checked::default()));
        assert!(!marks.allow(stamp(6, 3), &[], &Checked::default()));
    }

    #[test]
    fn more_events_than_are_remembered_end_what_is_older() {
        let marks = Marks::new();
        let old = marks.stamp();
        for number in 1..=REMEMBERED as u64 {
            marks.apply(at(number), &[number]);
        }
        assert!(marks.allow(old, &[0], &Checked::default()));
        marks.apply(at(REMEMBERED as u64 + 1), &[0]);
        assert!(!marks.allow(old, &[77], &Checked::default()));
        assert!(
            !marks.allow(old, &[1_000_000], &Checked::default()),
            "it may have been any tag"
        );
    }

    #[test]
    fn while_something_is_untold_only_what_was_asked_for_since_is_used() {
        let marks = Marks::new();
        let (old, checked) = (marks.stamp(), Checked::default());
        assert!(marks.allow(old, &[], &checked));
        marks.hold();
        let new = marks.stamp();
        assert!(!marks.allow(old, &[], &checked));
        assert!(marks.allow(new, &[], &Checked::default()));
        marks.hold();
        assert!(!marks.allow(new, &[], &Checked::default()));
        marks.release();
        assert!(!marks.allow(old, &[], &checked));
        marks.release();
        assert!(
            marks.allow(old, &[], &checked),
            "what has ended by then, the feed has said"
        );
    }
}
