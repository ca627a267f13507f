//! Entities that are asked for with one call, from the first that is gathered until the answer.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use causeway_executor::{CacheReport, EntityList, FetchFailure, Freshness, SubgraphReply, SubgraphRequest};
use http::HeaderMap;
use tokio::{sync::SetOnce, time::Instant};

use crate::split::Split;

/// Rises with every batch of a group.
pub(crate) type BatchId = u64;

/// What the callers of a batch hold of it.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) departure: OnceLock<Departure>,
    /// What was said beside the body, set before the outcome.
    pub(crate) beside: OnceLock<Beside>,
    pub(crate) outcome: SetOnce<Outcome>,
}

/// What a reply says beside its body, when there is one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beside {
    pub(crate) freshness: Freshness,
    pub(crate) cache: CacheReport,
    pub(crate) calls: usize,
    /// For company, once the batch had left its group.
    pub(crate) waited: Duration,
}

impl Beside {
    pub(crate) fn of(reply: &SubgraphReply) -> Self {
        Self {
            freshness: reply.freshness,
            cache: reply.dispatch.cache,
            calls: reply.dispatch.calls,
            waited: reply.dispatch.waited,
        }
    }
}

/// A batch as it left.
#[derive(Debug)]
pub(crate) struct Departure {
    pub(crate) at: Instant,
    pub(crate) entities: Vec<EntityList>,
    pub(crate) size: usize,
    /// Where entities went when others before them in their list were given up: by list, and by position before that.
    pub(crate) moved: Option<Vec<Vec<usize>>>,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Failed(FetchFailure),
    /// All callers asked for exactly this.
    Whole(Bytes),
    /// By entity. Complete, unless it belongs to a single caller.
    Split(Split),
    /// For a single caller: nothing can be read in it, for the reason given.
    Unreadable(Bytes, FetchFailure),
    /// It cannot be said whom it is about. Only who asked for exactly this may see it; the others ask again, alone.
    Unattributable(Result<Bytes, FetchFailure>),
}

impl Departure {
    /// Where an entity stands in the answer that was gathered at `position`.
    pub(crate) fn place(&self, list: usize, position: usize) -> usize {
        self.moved
            .as_ref()
            .map_or(position, |moved| moved[list][position])
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = usize> {
        self.entities.iter().map(|list| list.representations.len())
    }
}

/// A batch that waits for a slot.
pub(crate) struct Forming {
    pub(crate) id: BatchId,
    pub(crate) batch: Arc<Batch>,
    pub(crate) lists: Vec<Gathered>,
    /// Of whoever asked first.
    pub(crate) headers: Arc<HeaderMap>,
    /// Entities that somebody waits for.
    pub(crate) live: usize,
    pub(crate) audience: Audience,
    /// Asked again, for one caller: nobody may join.
    pub(crate) alone: bool,
    pub(crate) indexed: bool,
}

pub(crate) struct Gathered {
    pub(crate) list: EntityList,
    /// Who waits for each representation: how many.
    pub(crate) wanted: Vec<u32>,
}

/// The callers of a batch, those included that have left since it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Audience {
    pub(crate) callers: usize,
    /// All callers asked for all of the first so many entities, in the batch's order; some for more.
    pub(crate) common: usize,
}

impl Audience {
    pub(crate) const NONE: Self = Self {
        callers: 0,
        common: usize::MAX,
    };

    /// `common`: as many entities as the caller asked for, if it asked for the first ones of each list in order and nothing
    /// of any other batch; else 0.
    pub(crate) fn admit(&mut self, common: usize) {
        self.callers += 1;
        self.common = self.common.min(common);
    }
}

/// A batch under way.
pub(crate) struct Flight {
    pub(crate) id: BatchId,
    pub(crate) batch: Arc<Batch>,
    /// Mutations that had been answered when it left.
    epoch: u64,
    pub(crate) audience: Audience,
    pub(crate) alone: bool,
    pub(crate) indexed: bool,
    /// Callers that have not gone.
    pub(crate) waiting: usize,
    /// It was not sent after all, for nobody waited for it any more.
    pub(crate) given_up: bool,
}

impl Flight {
    /// Whether somebody may join it who comes in an epoch.
    pub(crate) fn is_open(&self, epoch: u64) -> bool {
        !self.alone && !self.given_up && self.epoch >= epoch
    }

    /// Whether its answer is exactly what is asked for.
    pub(crate) fn answers(&self, asked: &[EntityList], epoch: u64) -> bool {
        let departure = self.departure();
        let mut pairs = departure.entities.iter().zip(asked);
        self.is_open(epoch)
            && departure.moved.is_none()
            && pairs.all(|(sent, asked)| {
                sent.representations.len() == asked.representations.len()
                    && sent.representations.iter().eq(asked.representations.iter())
            })
    }
    pub(crate) fn admit(&mut self, common: usize) {
        self.audience.admit(common);
        self.waiting += 1;
    }

    pub(crate) fn departure(&self) -> &Departure {
        self.batch
            .departure
            .get()
            .expect("a batch is noted as under way after its departure is")
    }
}

impl Forming {
    pub(crate) fn gathers(&self) -> usize {
        self.lists.iter().map(|gathered| gathered.wanted.len()).sum()
    }

    pub(crate) fn push(&mut self, list: usize, representation: &[u8]) -> usize {
        let gathered = &mut self.lists[list];
        gathered.list.representations.push(representation);
        gathered.wanted.push(1);
        self.live += 1;
        gathered.wanted.len() - 1
    }

    /// The batch without what nobody waits for any more.
    pub(crate) fn depart(self, at: Instant, epoch: u64) -> (Flight, Arc<HeaderMap>) {
        let complete = self.live == self.gathers();
        let moved = (!complete).then(|| self.lists.iter().map(Gathered::moved).collect());
        let lists = self.lists.into_iter();
        let entities = if complete {
            lists.map(|gathered| gathered.list).collect()
        } else {
            lists.map(Gathered::compact).collect()
        };
        let departure = Departure {
            at,
            entities,
            size: self.live,
            moved,
        };
        self.batch
            .departure
            .set(departure)
            .expect("a batch departs once, for it is consumed");
        let flight = Flight {
            id: self.id,
            batch: self.batch,
            epoch,
            audience: self.audience,
            alone: self.alone,
            indexed: self.indexed,
            waiting: self.audience.callers,
            given_up: false,
        };
        (flight, self.headers)
    }
}

impl Gathered {
    fn moved(&self) -> Vec<usize> {
        let mut next = 0;
        self.wanted
            .iter()
            .map(|wanted| {
                let place = next;
                next += usize::from(*wanted > 0);
                place
            })
            .collect()
    }

    fn compact(self) -> EntityList {
        let wanted = self.list.representations.iter().zip(&self.wanted);
        let kept = wanted
            .filter(|(_, wanted)| **wanted > 0)
            .map(|(representation, _)| representation);
        EntityList {
            representations: kept.collect(),
            ..self.list
        }
    }
}

/// A batch that is to be sent now.
pub(crate) struct Launch {
    pub(crate) id: BatchId,
    pub(crate) batch: Arc<Batch>,
    pub(crate) callers: usize,
    pub(crate) request: SubgraphRequest,
}

/// A batch that came down.
pub(crate) struct Landed {
    pub(crate) audience: Audience,
    /// Not every caller asked for exactly this batch.
    pub(crate) mixed: bool,
    pub(crate) idle: bool,
}

/// Bytes of a body.
pub(crate) type Span = Range<usize>;
