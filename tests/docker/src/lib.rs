//! Holds docker/ against the code it is made for, where there is no Docker to try it.
//!
//! Containers name ports, environment variables, binaries and files of the repository in strings that nothing checks
//! until someone starts them. [`problems`] finds the names that have come apart; it does not build or run anything.

mod compose;
mod dockerfile;
mod problems;

pub use compose::Compose;
pub use dockerfile::Dockerfile;
pub use problems::{Sources, problems};
