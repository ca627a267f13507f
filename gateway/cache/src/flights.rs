//! Who loads something in this gateway, and who waits for it instead of asking as well.
//!
//! The loader in front of the cache takes equal questions together. This is for different questions about the same thing.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::port::RecordKey;

/// Whoever has waited as long asks for himself.
const PATIENCE: Duration = Duration::from_secs(1);

type UnderWay = HashMap<RecordKey, watch::Receiver<()>, RandomState>;

#[derive(Default)]
pub(crate) struct Flights {
    under_way: Mutex<UnderWay>,
}

/// Keys that nobody else loads. Over when it is dropped.
pub(crate) struct Flight<'f> {
    flights: &'f Flights,
    keys: Vec<RecordKey>,
    _until: watch::Sender<()>,
}

impl Flights {
    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what nobody loads. If there is nothing of it, waits for those who load it, and tells so: nobody waits for one who waits
    /// himself.
    pub(crate) async fn board(&self, keys: &[RecordKey]) -> (Flight<'_>, bool) {
        let (flight, others) = self.take(keys);
        if !flight.keys.is_empty() {
            return (flight, false);
        }
        let patience = Instant::now() + PATIENCE;
        for mut other in others {
            // Its sender says nothing, and goes.
            let _ = timeout_at(patience, other.changed()).await;
        }
        (flight, true)
    }

    fn take(&self, keys: &[RecordKey]) -> (Flight<'_>, Vec<watch::Receiver<()>>) {
        let (until, over) = watch::channel(());
        let (mut mine, mut others) = (Vec::new(), Vec::new());
        let mut under_way = self.under_way();
        for key in keys {
            match under_way.get(key) {
                Some(other) => others.push(other.clone()),
                None => {
                    under_way.insert(*key, over.clone());
                    mine.push(*key);
                }
            }
        }
        drop(under_way);
        let flight = Flight {
            flights: self,
            keys: mine,
            _until: until,
        };
        (flight, others)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way();
        for key in &self.keys {
            under_way.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures::FutureExt as _;

    use super::*;

    /// Whether it is over after being polled once.
    async fn once(boarding: &mut (impl Future<Output = (Flight<'_>, bool)> + Unpin)) -> bool {
        poll_fn(|context| std::task::Poll::Ready(boarding.poll_unpin(context).is_ready())).await
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_all_of_it_taken_waits() {
        let flights = Flights::default();
        let first = flights.board(&[RecordKey(1)]).await;
        let mut second = Box::pin(flights.board(&[RecordKey(1)]));
        assert!(!once(&mut second).await);
        drop(first);
        assert!(once(&mut second).await);
        drop(second);
        assert!(flights.under_way().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_loads_something_anyway_does_not_wait() {
        let flights = Flights::default();
        let _first = flights.board(&[RecordKey(1)]).await;
        let (second, has_waited) = flights.board(&[RecordKey(1), RecordKey(2)]).await;
        assert!(!has_waited && second.keys == [RecordKey(2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let flights = Flights::default();
        let _first = flights.board(&[RecordKey(1)]).await;
        let since = Instant::now();
        let (second, has_waited) = flights.board(&[RecordKey(1)]).await;
        assert!(has_waited);
        assert_eq!((since.elapsed(), second.keys.len()), (PATIENCE, 0));
    }
}
