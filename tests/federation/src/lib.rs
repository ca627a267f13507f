//! The judge of composition, planner and executor.
//!
//! One table of data ([`World`]) stands behind everything. Strict subgraphs ([`Service`]) serve the parts of it that their
//! schemas define and complain about every request that their schema, their keys or the data do not allow. The
//! [`Gateway`] composes, plans and executes over them, in process. The [`monolith`] answers the same operation from the same
//! table behind the API schema, with no federation at all: what the gateway gives must be what the monolith gives.
//!
//! Nothing here knows how the planner or the executor work; it sees documents, variables and answers.

mod arguments;
mod cached;
pub mod case;
pub mod fewest;
mod field_sets;
pub mod gateway;
mod interpreter;
pub mod monolith;
pub mod random;
pub mod service;
mod world;

pub use cached::Cached;
pub use gateway::{Answer, Call, Gateway};
pub use service::Service;
pub use world::World;
