//! The fewest requests that answer an operation, found by trying everything.
//!
//! Written without a look at the planner: small random graphs (entities with leaf keys, shared value types, `@requires` and
//! `@provides` of leaves, no abstract types), small operations, and a model of what one request can bring. A request is one root
//! document or one `_entities` document to a subgraph, for all entities whose keys are known when it leaves; asking for more in it costs
//! nothing. So what is known after a set of requests is all that there is to a plan, and the fewest are found by walking these
//! sets of facts.

mod graph;
mod search;

pub use graph::Case;
pub use search::{Cost, Fewest, fewest};
