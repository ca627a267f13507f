//! The task that empties the outbox. It wakes when this process commits a change, and looks now and then for rows of
//! others: of replicas that share the database, or of a process that died before it could publish.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::target::{PublishError, Publisher};
use super::{Target, TargetError};
use crate::Shutdown;
use crate::db::Database;

/// Rows published at once.
const BATCH: u32 = 200;

/// A relay at work. Dropping it leaves it running.
pub struct Relay {
    stop: Shutdown,
    task: JoinHandle<()>,
}

/// How long the relay waits for what.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Between two looks for rows that nobody rang for.
    poll: Duration,
    /// After a first failure; doubled after each further one.
    first_retry: Duration,
    longest_retry: Duration,
    /// For the last rows of a service that stops; what is left waits for the next start.
    last: Duration,
}

const PACE: Pace = Pace {
    poll: Duration::from_secs(5),
    first_retry: Duration::from_millis(250),
    longest_retry: Duration::from_secs(10),
    last: Duration::from_secs(5),
};

/// Failures since the last success.
#[derive(Debug, Default)]
struct Standing {
    failures: u32,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the outbox cannot be read: {0}")]
    Outbox(#[from] sqlx::Error),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Relay {
    /// Starts publishing what is and comes into the database's outbox. Must be called inside a tokio runtime.
    pub fn start(database: &Database, target: &Target) -> Result<Self, TargetError> {
        let publisher = target.publisher()?;
        tracing::info!(%target, "changes are published");
        Ok(Self::with(database.clone(), publisher, PACE))
    }

    fn with(database: Database, publisher: Box<dyn Publisher>, pace: Pace) -> Self {
        let stop = Shutdown::new();
        let task = tokio::spawn(run(database, publisher, pace, stop.clone()));
        Self { stop, task }
    }

    /// Publishes what is left, if the target is there, and ends: within 5 seconds. Call it after the last request.
    pub async fn stop(self) {
        self.stop.trigger();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the relay of events had stopped");
        }
    }
}

async fn run(database: Database, mut publisher: Box<dyn Publisher>, pace: Pace, stop: Shutdown) {
    let too_late = async {
        stop.wait().await;
        tokio::time::sleep(pace.last).await;
    };
    tokio::select! {
        () = work(&database, publisher.as_mut(), pace, &stop) => {}
        // Cut short, a batch is published again: harmless.
        () = too_late => tracing::warn!("changes may be left in the outbox; the next start publishes them"),
    }
}

/// Ends after the stop, with a last look unless the target is away.
async fn work(database: &Database, publisher: &mut dyn Publisher, pace: Pace, stop: &Shutdown) {
    // Without an outbox of its own the process never rings: then this is for rows that are left from earlier.
    let bell = database.outbox_bell().unwrap_or_default();
    let mut standing = Standing::default();
    let mut stopping = false;
    loop {
        let pause = match drain(database, publisher).await {
            Ok(()) => {
                standing.recovered();
                pace.poll
            }
            Err(failure) => standing.failed(&failure, pace),
        };
        if stopping {
            return;
        }
        tokio::select! {
            () = stop.wait() => {
                if !standing.is_well() {
                    return;
                }
                stopping = true;
            }
            () = bell.notified(), if standing.is_well() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Publishes batch after batch until none is left. A batch that is refused for good is followed by one of half its size,
/// until an event is refused alone: that one is given up, and nobody waits behind it.
async fn drain(database: &Database, publisher: &mut dyn Publisher) -> Result<(), Failure> {
    let mut size = BATCH;
    loop {
        let batch = database.outbox_batch(size).await?;
        if batch.events.is_empty() {
            return Ok(());
        }
        if let Err(refusal) = publisher.publish(&batch.events).await {
            if !refusal.is_for_good() {
                return Err(refusal.into());
            }
            let [event] = batch.events.as_slice() else {
                let half = batch.events.len() / 2;
                size = u32::try_from(half).expect("it is below the size of a batch");
                continue;
            };
            // Said first: a crash in between says it again, and does not lose it.
            tracing::error!(
                %event,
                %refusal,
                "an event is refused for good and is taken out of the outbox; say it again by hand"
            );
        }
        batch.done().await?;
        size = size.saturating_mul(2).min(BATCH);
    }
}

impl Standing {
    fn is_well(&self) -> bool {
        self.failures == 0
    }

    fn recovered(&mut self) {
        if !self.is_well() {
            tracing::info!(failures = self.failures, "changes are published again");
            self.failures = 0;
        }
    }

    /// The pause before the next try. Only the first failure in a row is worth a line in the log.
    fn failed(&mut self, failure: &Failure, pace: Pace) -> Duration {
        if self.is_well() {
            tracing::warn!(%failure, "changes cannot be published; they wait in the outbox");
        }
        let doubled = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        pace.first_retry.saturating_mul(doubled).min(pace.longest_retry)
    }
}

#[cfg(test)]
mod tests;
