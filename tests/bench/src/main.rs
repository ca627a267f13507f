//! The binary `bench`. It exits with 0, with 1 when a gateway answered wrongly under load, with 2 when nothing could be
//! measured.

use std::process::ExitCode;

use bench::command::{Cli, run};
use clap::Parser as _;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
