//! Who wrote and read what and when, and what follows from it. All times are microseconds on one clock.

/// One answer about a product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) product: usize,
    /// When it was asked and answered.
    pub(super) from: u64,
    pub(super) until: u64,
    /// The change that it shows.
    pub(super) changed: u64,
}

/// One change, told in some way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<W> {
    pub(super) product: usize,
    /// When it was made: its name as well.
    pub(super) at: u64,
    pub(super) sent: u64,
    pub(super) acknowledged: u64,
    pub(super) way: W,
}

pub(super) struct History<W> {
    pub(super) writes: Vec<Written<W>>,
    reads: Vec<Vec<Read>>,
}

impl<W: Copy> History<W> {
    pub(super) fn new(products: usize) -> Self {
        Self {
            writes: Vec::new(),
            reads: vec![Vec::new(); products],
        }
    }

    pub(super) fn reads(&mut self, reads: Vec<Read>) {
        for read in reads {
            self.reads[read.product].push(read);
        }
    }

    pub(super) fn count(&self) -> usize {
        self.reads.iter().map(Vec::len).sum()
    }

    /// For each read that shows less than what was acknowledged before it began: how long after that acknowledgement it was
    /// answered.
    pub(super) fn stale(&self) -> Vec<u64> {
        let mut all = Vec::new();
        for (product, reads) in self.reads.iter().enumerate() {
            let mut writes: Vec<_> = self
                .writes
                .iter()
                .filter(|write| write.product == product)
                .collect();
            writes.sort_by_key(|write| write.acknowledged);
            for read in reads {
                let before = writes.partition_point(|write| write.acknowledged < read.from);
                let missed = writes[..before].iter().find(|write| write.at > read.changed);
                all.extend(missed.map(|write| read.until - write.acknowledged));
            }
        }
        all
    }

    /// For each write: how long it took until the first answer that shows it or something newer, if any did, and until the last
    /// one that shows something older.
    pub(super) fn visible(mut self) -> Vec<(Written<W>, Option<u64>, u64)> {
        let mut all = Vec::with_capacity(self.writes.len());
        for (product, reads) in self.reads.iter_mut().enumerate() {
            reads.sort_by_key(|read| read.until);
            let newest_so_far = running(reads.iter(), u64::max);
            let mut oldest_from_here = running(reads.iter().rev(), u64::min);
            oldest_from_here.reverse();
            for write in self.writes.iter().filter(|write| write.product == product) {
                let first = newest_so_far.partition_point(|newest| *newest < write.at);
                let first = reads.get(first).map(|read| read.until.saturating_sub(write.at));
                let after_last = oldest_from_here.partition_point(|oldest| *oldest < write.at);
                let last = after_last
                    .checked_sub(1)
                    .map_or(0, |last| reads[last].until.saturating_sub(write.at));
                all.push((*write, first, last));
            }
        }
        all
    }
}

fn running<'r>(reads: impl Iterator<Item = &'r Read>, choose: fn(u64, u64) -> u64) -> Vec<u64> {
    let mut so_far = None;
    let next = |read: &Read| {
        let chosen = so_far.map_or(read.changed, |so_far| choose(so_far, read.changed));
        so_far = Some(chosen);
        chosen
    };
    reads.map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(from: u64, until: u64, changed: u64) -> Read {
        Read {
            product: 0,
            from,
            until,
            changed,
        }
    }

    /// Changed at 100 and 200, acknowledged 20 later.
    fn history(reads: Vec<Read>) -> History<()> {
        let mut history = History::new(1);
        history.reads(reads);
        history.writes = [100, 200]
            .map(|at| Written {
                product: 0,
                at,
                sent: at - 10,
                acknowledged: at + 20,
                way: (),
            })
            .to_vec();
        history
    }

    #[test]
    fn a_read_is_stale_if_it_began_after_the_acknowledgement_and_shows_less() {
        let in_time = vec![
            read(110, 150, 1),
            read(121, 130, 100),
            read(219, 500, 100),
            read(221, 230, 200),
        ];
        assert!(history(in_time).stale().is_empty());
        assert_eq!(
            history(vec![read(121, 150, 1), read(221, 260, 100)]).stale(),
            [30, 40]
        );
        // Two acknowledged changes are missing: it counts from the first.
        assert_eq!(history(vec![read(221, 260, 1)]).stale(), [140]);
    }

    #[test]
    fn a_write_is_seen_first_and_something_older_last() {
        let reads = vec![
            read(90, 101, 1),
            read(100, 130, 1),
            read(95, 110, 100),
            read(140, 150, 100),
        ];
        let seen: Vec<_> = history(reads)
            .visible()
            .into_iter()
            .map(|(_, first, last)| (first, last))
            .collect();
        assert_eq!(seen, [(Some(10), 30), (None, 0)]);
    }
}
