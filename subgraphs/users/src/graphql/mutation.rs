//! Signing up and in.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::Service;
use super::types::{Auth, SignInInput, SignUpInput};
use crate::error::UsersError;

/// What a password hash weighs against [`super::MAX_COMPLEXITY`]: aliases let one request ask for many.
pub(super) const HASHING_COMPLEXITY: usize = 100;

pub(super) struct Mutation;

/// Everything that can be changed. A field that fails is null and leaves the other fields of the request alone.
#[Object]
impl Mutation {
    /// Creates an account and signs it in. Errors: BAD_USER_INPUT with `extensions.field`, HANDLE_TAKEN, EMAIL_TAKEN;
    /// nothing is written then.
    #[graphql(complexity = "HASHING_COMPLEXITY + child_complexity")]
    async fn sign_up(&self, ctx: &Context<'_>, input: SignUpInput) -> Option<Result<Auth>> {
        let signed_up = service(ctx).sign_up(input.into()).await;
        Some(signed_up.map(Auth::from).map_err(UsersError::into_graphql))
    }

    /// Signs in with handle and password. Error: INVALID_CREDENTIALS, whichever of the two is wrong.
    #[graphql(complexity = "HASHING_COMPLEXITY + child_complexity")]
    async fn sign_in(&self, ctx: &Context<'_>, input: SignInInput) -> Option<Result<Auth>> {
        let signed_in = service(ctx).sign_in(&input.handle, input.password).await;
        Some(signed_in.map(Auth::from).map_err(UsersError::into_graphql))
    }
}

fn service<'c>(ctx: &Context<'c>) -> &'c Service {
    ctx.data_unchecked::<Arc<Service>>()
}
