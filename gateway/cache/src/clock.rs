//! The time of day, which gateways agree on well enough; it goes on evenly while the process lives.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::time::Instant;

use crate::record::Millis;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Clock(Arc<Start>);

struct Start {
    of_day: Duration,
    instant: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let of_day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(Arc::new(Start {
            of_day,
            instant: Instant::now(),
        }))
    }

    pub(crate) fn now(&self) -> Millis {
        let now = self.0.of_day + self.0.instant.elapsed();
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
    }
}
