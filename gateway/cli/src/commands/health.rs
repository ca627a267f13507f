//! `causeway health`.

use std::{process::ExitCode, time::Duration};

use clap::Args;

use super::could_not_run;
use crate::{cause::innermost, exit};

#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// E.g. http://127.0.0.1:4000/health/ready
    #[arg(long, default_value = "http://127.0.0.1:4000/health/ready")]
    url: String,
}

pub(super) async fn run(args: HealthArgs) -> ExitCode {
    // Fails only when the process has a provider already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let asked = async {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(3))
            .build()?;
        client.get(&args.url).send().await
    };
    match asked.await {
        Ok(response) if response.status().is_success() => ExitCode::SUCCESS,
        Ok(response) => {
            eprintln!("error: {} answered {}", args.url, response.status());
            ExitCode::from(exit::NO)
        }
        Err(error) if error.is_builder() => {
            could_not_run(&format!("`{}` is no URL to ask: {}", args.url, innermost(&error)))
        }
        Err(error) => {
            eprintln!("error: {} cannot be reached: {}", args.url, innermost(&error));
            ExitCode::from(exit::NO)
        }
    }
}
