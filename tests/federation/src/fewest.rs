//! The fewest requests that answer an operation, found by trying everything.
//!
//! Written without a look at the planner: small random graphs (entities with leaf keys, shared value types, `@requires` and
//! `@provides` of leaves, no abstract types), small operations, and a model of what one request can bring. A request is one root
//! document or one `_entities` document to a subgraph, for all entities whose keys are known when it leaves; asking for more in it costs
//! nothing. So what is known after a set of requests is all that there is to a plan, and the fewest are found by walking these
//! sets of facts.
//!
//! Two rules bound what counts as a plan.
//!
//! - An object that two subgraphs answer by themselves (a shared root field, a shared value) is two *stands*, and what one sends for
//!   it comes from one of them. A client sees both in one object, but composition proves for each stand by itself that keys and
//!   requirements can be had there, so that a plan may not hang on the other: if one subgraph answers null, the other's entity
//!   would be asked for without what it needs.
//! - Fewest has two readings where requests can be shared only if one of them waits. Plans that no plan beats in both requests and
//!   waiting are all fair, and of these a planner must take the one with the fewest requests among those in which nothing waits
//!   only to share ([`best_without_waiting`]).

mod facts;
mod graph;
mod model;
mod search;

pub use graph::Case;
pub use search::{Cost, OutOfBudget, best, best_without_waiting};
