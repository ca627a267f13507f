//! Plans written by hand in a short notation, and subgraphs that answer when a test says so.

mod client;
mod notation;
mod plan;

pub(crate) use client::{Answer, Execution};
pub(crate) use plan::{Call, PlanBuilder};
