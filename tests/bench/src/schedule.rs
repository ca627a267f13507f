//! The open loop's times: requests are due at a constant rate, whatever became of those before.
//!
//! A latency that is counted from when its request was due, and not from when it was sent, includes what a request
//! waits behind a slow one. That is what is meant by correcting coordinated omission.

use std::time::Duration;

/// Requests due at a constant rate for some time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    per_second: f64,
    count: u64,
}

impl Schedule {
    pub(crate) fn new(per_second: f64, lasting: Duration) -> Self {
        // Rates and durations are small enough for a double to be exact to the request.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates are positive"
        )]
        let count = (per_second * lasting.as_secs_f64()).ceil() as u64;
        Self {
            per_second,
            count: count.max(1),
        }
    }

    /// When the request of this number is due, after the start. `None`: the schedule is over.
    pub(crate) fn due(self, number: u64) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52 requests")]
        let due = Duration::from_secs_f64(number as f64 / self.per_second);
        (number < self.count).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_evenly_spread_and_end() {
        let schedule = Schedule::new(200.0, Duration::from_millis(20));
        let due: Vec<Option<Duration>> = (0..5).map(|number| schedule.due(number)).collect();
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(due, [millis(0), millis(5), millis(10), millis(15), None]);
    }

    #[test]
    fn a_schedule_has_a_request_at_least() {
        let schedule = Schedule::new(1.0, Duration::from_millis(1));
        assert_eq!(schedule.due(0), Some(Duration::ZERO));
        assert_eq!(schedule.due(1), None);
    }

    #[test]
    fn many_requests_do_not_drift() {
        let schedule = Schedule::new(30_000.0, Duration::from_secs(3600));
        assert_eq!(schedule.due(30_000 * 1800), Some(Duration::from_secs(1800)));
    }
}
