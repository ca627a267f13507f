//! Users by id and by handle, batched and cached within one request. Never shared between requests.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context;
use dataloader::BatchFn;
use dataloader::cached::Loader;

use super::Service;
use crate::model::User;
use crate::repository::RepositoryError;

/// The most keys of one statement.
const MAX_BATCH: usize = 1000;

/// A user, its absence, or why neither is known.
type Found = Result<Option<Arc<User>>, Arc<RepositoryError>>;

/// The loaders of one request.
pub(crate) struct Loaders {
    by_id: Loader<String, Found, ById>,
    by_handle: Loader<String, Found, ByHandle>,
}

struct ById(Arc<Service>);

struct ByHandle(Arc<Service>);

impl Loaders {
    pub(crate) fn new(service: &Arc<Service>) -> Self {
        Self {
            by_id: Loader::new(ById(Arc::clone(service))).with_max_batch_size(MAX_BATCH),
            by_handle: Loader::new(ByHandle(Arc::clone(service))).with_max_batch_size(MAX_BATCH),
        }
    }
}

/// The user with this id. All that are asked for at the same time take one statement.
pub(crate) async fn user_by_id(ctx: &Context<'_>, id: String) -> async_graphql::Result<Option<Arc<User>>> {
    outcome(ctx.data::<Loaders>()?.by_id.try_load(id).await)
}

/// The user with this handle. All that are asked for at the same time take one statement.
pub(crate) async fn user_by_handle(
    ctx: &Context<'_>,
    handle: String,
) -> async_graphql::Result<Option<Arc<User>>> {
    outcome(ctx.data::<Loaders>()?.by_handle.try_load(handle).await)
}

fn outcome(loaded: std::io::Result<Found>) -> async_graphql::Result<Option<Arc<User>>> {
    match loaded {
        Ok(Ok(user)) => Ok(user),
        Ok(Err(error)) => Err(kit::error::internal(error)),
        Err(error) => Err(kit::error::internal(error)),
    }
}

impl BatchFn<String, Found> for ById {
    async fn load(&mut self, ids: &[String]) -> HashMap<String, Found> {
        by_key(ids, self.0.by_ids(ids).await, |user| &user.id)
    }
}

impl BatchFn<String, Found> for ByHandle {
    async fn load(&mut self, handles: &[String]) -> HashMap<String, Found> {
        by_key(handles, self.0.by_handles(handles).await, |user| &user.handle)
    }
}

/// An answer for every key, as the loader wants it.
fn by_key(
    keys: &[String],
    loaded: Result<Vec<User>, RepositoryError>,
    key: impl Fn(&User) -> &String,
) -> HashMap<String, Found> {
    match loaded {
        Ok(users) => {
            let mut found: HashMap<String, Found> = keys.iter().map(|key| (key.clone(), Ok(None))).collect();
            found.extend(
                users
                    .into_iter()
                    .map(|user| (key(&user).clone(), Ok(Some(Arc::new(user))))),
            );
            found
        }
        Err(error) => {
            let error = Arc::new(error);
            keys.iter()
                .map(|key| (key.clone(), Err(Arc::clone(&error))))
                .collect()
        }
    }
}
