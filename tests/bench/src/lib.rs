//! The load program. [`subgraphs`] is what gateways are put in front of, [`target`] the gateways, [`scenario`] what
//! they are asked, [`load`] asks and [`measure`] repeats it in rounds. README.md says how to run it and what the
//! figures mean.

mod answer;
pub mod command;
mod fleet;
mod graph;
mod herd;
mod http_client;
mod lineup;
mod load;
mod machine;
mod measure;
mod process;
mod report;
mod scenario;
mod schedule;
mod staleness;
mod statistics;
mod subgraphs;
mod target;
mod work;
mod world;
mod zipf;
