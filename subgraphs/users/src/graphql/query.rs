//! Reading users, at the root and as entities.

use async_graphql::{Context, ID, Object, Result};
use kit::auth::Identity;
use kit::cache_tag;

use super::loaders::{user_by_handle, user_by_id};
use super::types::UserNode;
use crate::tags;

pub(super) struct Query;

/// Everything that can be asked.
#[Object]
impl Query {
    /// The user that the request's token belongs to; null without a token.
    #[graphql(cache_control(max_age = 60, private))]
    async fn me(&self, ctx: &Context<'_>) -> Option<Result<UserNode>> {
        let identity = Identity::of(ctx)?;
        user_by_id(ctx, identity.subject.clone())
            .await
            .map(UserNode::found)
            .transpose()
    }

    /// The user with this id; null when there is none.
    #[graphql(
        cache_control(max_age = 60),
        directive = cache_tag::apply(tags::user("{$args.id}"))
    )]
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Option<Result<UserNode>> {
        user_by_id(ctx, id.0).await.map(UserNode::found).transpose()
    }

    /// The user with this handle; null when there is none. Handles are compared exactly.
    #[graphql(
        cache_control(max_age = 60),
        directive = cache_tag::apply(tags::handle("{$args.handle}"))
    )]
    async fn user_by_handle(&self, ctx: &Context<'_>, handle: String) -> Option<Result<UserNode>> {
        user_by_handle(ctx, handle).await.map(UserNode::found).transpose()
    }

    #[graphql(entity)]
    async fn find_user_by_id(&self, ctx: &Context<'_>, id: ID) -> Result<Option<UserNode>> {
        user_by_id(ctx, id.0).await.map(UserNode::found)
    }

    #[graphql(entity)]
    async fn find_user_by_handle(&self, ctx: &Context<'_>, handle: String) -> Result<Option<UserNode>> {
        user_by_handle(ctx, handle).await.map(UserNode::found)
    }
}
