//! Tells the world what a service changed: a relay takes the rows of the database's outbox and publishes them.
//!
//! An event says what is no longer true, never what is true now, so that it may come twice. Events arrive at least once,
//! in the order of the commits that concern the same row. They are kept as long as the target is away; one that
//! it refuses for good goes into the log. Without a target none is written.

mod flags;
mod relay;
mod target;

pub use flags::EventFlags;
pub use relay::Relay;
pub use target::{Target, TargetError};
