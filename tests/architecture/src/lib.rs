//! The dependency rules of the workspace: what each crate may depend on, and what must not exist.
//!
//! [`Workspace`] is the little of `cargo metadata` that the rules look at, [`rules`] are the rules themselves and
//! [`violations`] checks them. A new crate fails here until it has a rule, so that its place is a decision.

mod check;
mod rules;
mod workspace;

pub use check::{Violation, violations};
pub use workspace::{Kind, Member, Workspace};
