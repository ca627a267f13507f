//! A cache of what subgraphs have answered, by entity and field.

mod event;
mod port;

pub use event::{Event, Target};
pub use port::{Claim, Epoch, Feed, Follower, Position, Put, RecordKey, Release, SharedStore, Unspread};
