//! The nouns of the accounts: users, addresses, tiers. No rules, no storage, no GraphQL.

use kit::Timestamp;

/// A user, without the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) tier: Tier,
    pub(crate) address: Option<Address>,
    pub(crate) joined_at: Timestamp,
}

/// Where a user lives. `country` is ISO 3166-1 alpha-2, upper case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) city: String,
    pub(crate) postal_code: String,
    pub(crate) country: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    Standard,
    Silver,
    Gold,
}

/// A user with the hash of the password, as a PHC string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) password_hash: String,
}
