//! `causeway health`.

use std::{process::ExitCode, time::Duration};

use clap::Args;

use crate::exit;

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
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build()?;
        client.get(&args.url).send().await
    };
    match asked.await {
        Ok(response) if response.status().is_success() => ExitCode::SUCCESS,
        Ok(response) => {
            eprintln!("error: {} answered {}", args.url, response.status());
            ExitCode::from(exit::NO)
        }
        Err(error) => {
            eprintln!("error: {} cannot be reached: {error}", args.url);
            ExitCode::from(exit::NO)
        }
    }
}
