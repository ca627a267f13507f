//! Runs a query plan: fetches start the moment what they wait for is there, their answers are merged into
//! one tree of data, and the response is written out of that tree in one pass.
//!
//! It does no I/O of its own: subgraphs are behind the port [`SubgraphClient`]. It knows nothing of
//! planning or of the client's protocol.

mod client_path;
mod context;
mod error;
mod parse;
mod port;
mod project;
mod representation;
mod run;
mod tree;
mod walk;

pub use error::{ErrorSink, Extensions, GraphqlError, PathElement, write_string as write_json_string};
pub use port::{
    CacheReport, CachingHeaders, Dispatch, EntityList, FetchFailure, Freshness, Partition, Representations,
    RequestKind, SubgraphClient, SubgraphReply, SubgraphRequest,
};
pub use run::{FetchOutcome, FetchReport, Outcome, RESPONSE_LIMIT, Request, execute};
