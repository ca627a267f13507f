//! Administration: whom its requests go to.

use causeway_cache::{Event, Target};
use causeway_server::{CacheAdmin, CacheAdminError, Invalidation, InvalidationTarget};
use futures::{FutureExt as _, future::BoxFuture};
use serde_json::Value;

use super::cache::Common;

/// Of a gateway that keeps nothing.
pub(super) struct NoCache;

impl CacheAdmin for NoCache {
    fn invalidate(&self, _: Vec<Invalidation>) -> BoxFuture<'_, Result<u64, CacheAdminError>> {
        std::future::ready(Err(CacheAdminError::NoCache)).boxed()
    }

    fn stats(&self) -> Result<Value, CacheAdminError> {
        Err(CacheAdminError::NoCache)
    }
}

/// Of the cache that is in use.
pub(super) struct OfCache(pub(super) Common);

impl CacheAdmin for OfCache {
    fn invalidate(&self, what: Vec<Invalidation>) -> BoxFuture<'_, Result<u64, CacheAdminError>> {
        async move {
            let cache = self.0.current().ok_or(CacheAdminError::NoCache)?;
            let events: Vec<Event> = what.into_iter().map(event).collect();
            if let Some(doubt) = events.iter().find_map(|event| cache.doubts(event)) {
                return Err(CacheAdminError::Unknown(doubt));
            }
            // It looks at all that is in memory, which may be much.
            let (counting, counted) = (cache.clone(), events.clone());
            let counting = tokio::task::spawn_blocking(move || counting.count(&counted));
            let count = counting.await.unwrap_or_default();
            match cache.invalidate(events).await {
                Ok(()) => Ok(count),
                Err(error) => Err(CacheAdminError::NotSpread(error.to_string())),
            }
        }
        .boxed()
    }

    fn stats(&self) -> Result<Value, CacheAdminError> {
        let cache = self.0.current().ok_or(CacheAdminError::NoCache)?;
        serde_json::to_value(cache.stats()).map_err(|_| CacheAdminError::NoCache)
    }
}

fn event(invalidation: Invalidation) -> Event {
    Event {
        subgraph: invalidation.subgraph,
        target: match invalidation.target {
            InvalidationTarget::Subgraph => Target::Subgraph,
            InvalidationTarget::Type(ty) => Target::Type(ty),
            InvalidationTarget::Entity { ty, key } => Target::Entity { ty, key },
            InvalidationTarget::Tag(tag) => Target::Tag(tag),
        },
    }
}
