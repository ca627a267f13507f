//! The graph's types over the model's.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use kit::Timestamp;
use kit::auth::Identity;

use crate::error::UsersError;
use crate::model::{self, User};
use crate::service::{self, SignUp, SignedIn};

/// A user as the graph shows it, and to whom.
pub(super) struct UserNode {
    user: Arc<User>,
    /// Set where the user has just proved who it is, and the request carries no token yet.
    proved: Option<Identity>,
}

/// Someone with an account in the shop.
#[Object(name = "User", cache_control(max_age = 60))]
impl UserNode {
    /// Stays the same for the account's life.
    async fn id(&self) -> ID {
        ID(self.user.id.clone())
    }

    /// The unique name to sign in with: lower-case letters, digits, - and _.
    async fn handle(&self) -> &str {
        &self.user.handle
    }

    /// The name to show.
    async fn display_name(&self) -> &str {
        &self.user.display_name
    }

    /// The loyalty tier.
    async fn tier(&self) -> Tier {
        self.user.tier.into()
    }

    /// The e-mail address. Only the user itself sees it, with the scope "profile"; others get null and the error
    /// FORBIDDEN.
    #[graphql(requires_scopes = "profile", cache_control(private))]
    async fn email(&self, ctx: &Context<'_>) -> Option<Result<String>> {
        let viewer = self.proved.as_ref().or_else(|| Identity::of(ctx));
        Some(service::email_for(viewer, &self.user).map_err(UsersError::into_graphql))
    }

    /// Where the user lives; null when it was not given.
    #[graphql(cache_control(private))]
    async fn address(&self) -> Option<Address> {
        self.user.address.clone().map(Address::from)
    }

    /// When the account was created.
    async fn joined_at(&self) -> Timestamp {
        self.user.joined_at
    }
}

impl UserNode {
    pub(super) fn found(user: Option<Arc<User>>) -> Option<Self> {
        user.map(|user| Self { user, proved: None })
    }
}

/// A user's address.
#[derive(SimpleObject)]
pub(super) struct Address {
    /// The city's name.
    city: String,
    /// The postal code, as the country writes it.
    postal_code: String,
    /// The country's ISO 3166-1 alpha-2 code, upper case.
    country: String,
}

/// How much the shop values a user.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum Tier {
    /// Every new account.
    Standard,
    /// A regular customer.
    Silver,
    /// One of the best customers.
    Gold,
}

/// The outcome of signing up or in.
#[derive(SimpleObject)]
pub(super) struct Auth {
    /// A signed token for the header `Authorization: Bearer …`.
    token: String,
    /// When the token stops being valid.
    expires_at: Timestamp,
    /// The user that the token belongs to.
    user: UserNode,
}

/// A request for an account.
#[derive(InputObject)]
pub(super) struct SignUpInput {
    /// 1 to 30 lower-case letters, digits, - and _, beginning with a letter. Unique.
    handle: String,
    /// 1 to 80 characters.
    display_name: String,
    /// Unique; upper and lower case are the same.
    email: String,
    /// 8 to 128 characters.
    password: String,
    /// Where the user lives.
    address: Option<AddressInput>,
}

/// Credentials.
#[derive(InputObject)]
pub(super) struct SignInInput {
    /// The account's handle.
    pub(super) handle: String,
    /// The account's password.
    pub(super) password: String,
}

/// An address to keep.
#[derive(InputObject)]
pub(super) struct AddressInput {
    /// 1 to 100 characters.
    city: String,
    /// 1 to 16 characters.
    postal_code: String,
    /// ISO 3166-1 alpha-2, upper case, such as DE.
    country: String,
}

impl From<SignedIn> for Auth {
    fn from(signed_in: SignedIn) -> Self {
        let proved = Some(service::identity_of(&signed_in.user));
        Self {
            token: signed_in.token.token,
            expires_at: signed_in.token.expires_at,
            user: UserNode {
                user: Arc::new(signed_in.user),
                proved,
            },
        }
    }
}

impl From<SignUpInput> for SignUp {
    fn from(input: SignUpInput) -> Self {
        Self {
            handle: input.handle,
            display_name: input.display_name,
            email: input.email,
            password: input.password,
            address: input.address.map(|address| model::Address {
                city: address.city,
                postal_code: address.postal_code,
                country: address.country,
            }),
        }
    }
}

impl From<model::Address> for Address {
    fn from(address: model::Address) -> Self {
        Self {
            city: address.city,
            postal_code: address.postal_code,
            country: address.country,
        }
    }
}

impl From<model::Tier> for Tier {
    fn from(tier: model::Tier) -> Self {
        match tier {
            model::Tier::Standard => Self::Standard,
            model::Tier::Silver => Self::Silver,
            model::Tier::Gold => Self::Gold,
        }
    }
}
