//! What many ask for and what few do: the rank `r` is drawn in proportion to `1 / r^s`.

/// Ranks from 0 on.
pub(crate) struct Zipf {
    /// The share of this rank and all before it.
    up_to: Vec<f64>,
}

impl Zipf {
    pub(crate) fn new(ranks: usize, s: f64) -> Self {
        let mut sum = 0.0;
        let mut up_to: Vec<f64> = (1..=ranks)
            .map(|rank| {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52 ranks")]
                let rank = rank as f64;
                sum += rank.powf(-s);
                sum
            })
            .collect();
        up_to.iter_mut().for_each(|share| *share /= sum);
        Self { up_to }
    }

    /// The rank that belongs to a number from 0 to 1.
    pub(crate) fn rank(&self, drawn: f64) -> usize {
        let rank = self.up_to.partition_point(|up_to| *up_to <= drawn);
        rank.min(self.up_to.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rank_has_twice_the_share_of_the_second() {
        let zipf = Zipf::new(10_000, 1.0);
        assert!((zipf.up_to[1] - 1.5 * zipf.up_to[0]).abs() < 1e-9);
        assert_eq!((zipf.rank(0.0), zipf.rank(1.0)), (0, 9_999));
        assert_eq!(zipf.rank(zipf.up_to[0] * 1.01), 1);
    }
}
