//! Signing up and in.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::Service;
use super::types::{Auth, SignInInput, SignUpInput};
use crate::error::UsersError;

/// What a password hash weighs against [`super::MAX_COMPLEXITY`]: aliases let one request ask for many.
pub(super) const HASHING_COMPLEXITY: usize = 100;

pub(super) struct Mutation;

/// Everything that can be changed.
#[Object]
impl Mutation {
    /// Creates an account and signs it in. Errors: BAD_USER_INPUT with `extensions.field`, HANDLE_TAKEN, EMAIL_TAKEN;
    /// nothing is written then.
    #[graphql(complexity = "HASHING_COMPLEXITY + child_complexity")]
    async fn sign_up(&self, ctx: &Context<'_>, input: SignUpInput) -> Result<Auth> {
        let signed_up = ctx.data::<Arc<Service>>()?.sign_up(input.into()).await;
        signed_up.map(Auth::from).map_err(UsersError::into_graphql)
    }

    /// Signs in with handle and password. Error: INVALID_CREDENTIALS, whichever of the two is wrong.
    #[graphql(complexity = "HASHING_COMPLEXITY + child_complexity")]
    async fn sign_in(&self, ctx: &Context<'_>, input: SignInInput) -> Result<Auth> {
        let signed_in = ctx
            .data::<Arc<Service>>()?
            .sign_in(&input.handle, input.password)
            .await;
        signed_in.map(Auth::from).map_err(UsersError::into_graphql)
    }
}
