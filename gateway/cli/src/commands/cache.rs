//! `causeway cache`: a gateway's administration, from outside.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use causeway_config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::{Format, answer, could_not_run};
use crate::{cause::innermost, exit, load::load_config_with};

/// Longer than gateways that share a cache wait for each other.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    #[command(subcommand)]
    question: Question,
    #[command(flatten)]
    gateway: GatewayArgs,
    #[arg(long, value_enum, default_value = "text", global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Show what the cache has done and holds.
    Stats,
    /// End what is kept of a subgraph's answers; without further flags all of it.
    Invalidate(Ended),
}

#[derive(Debug, Args)]
struct Ended {
    /// Whose answers no longer hold
    #[arg(long, value_name = "NAME")]
    subgraph: String,
    /// Only objects of this type
    #[arg(long = "type", value_name = "TYPE")]
    ty: Option<String>,
    /// Only this entity, as JSON: '{"id":"1"}'
    #[arg(long, value_name = "JSON", requires = "ty", value_parser = fields)]
    key: Option<Map<String, Value>>,
    /// Only what bears this tag
    #[arg(long, value_name = "TAG", conflicts_with = "ty")]
    tag: Option<String>,
}

/// Where the gateway is administered. What no flag says stands under `admin` in the config.
#[derive(Debug, Args)]
struct GatewayArgs {
    /// The address of its administration, e.g. http://127.0.0.1:9001
    #[arg(long, value_name = "URL", env = "CAUSEWAY_ADMIN_URL", global = true)]
    url: Option<String>,
    /// `admin.shared_key` of its configuration
    #[arg(
        long,
        value_name = "KEY",
        env = "CAUSEWAY_ADMIN_KEY",
        hide_env_values = true,
        global = true
    )]
    shared_key: Option<String>,
    /// The gateway's causeway.yaml
    #[arg(long, value_name = "FILE", env = "CAUSEWAY_CONFIG", global = true)]
    config: Option<PathBuf>,
}

pub(super) async fn run(args: CacheArgs) -> ExitCode {
    let (url, key) = match args.gateway.find().await {
        Ok(found) => found,
        Err(reason) => return could_not_run(&reason),
    };
    let asked = match &args.question {
        Question::Stats => ask(&url, "cache", &key, None).await,
        Question::Invalidate(ended) => ask(&url, "invalidation", &key, Some(&ended.event())).await,
    };
    let told = match asked {
        Ok(told) => told,
        Err(reason) => return could_not_run(&reason),
    };
    if !told.is_success {
        if args.format == Format::Json {
            return answer(&format!("{}\n", told.body), told.exit());
        }
        eprintln!("error: {}", told.message());
        return told.exit();
    }
    let text = match (args.format, &args.question) {
        (Format::Json, _) => format!("{}\n", told.body),
        (Format::Text, Question::Stats) => lines("", &told.body),
        (Format::Text, Question::Invalidate(_)) => format!("invalidated ({})\n", told.body["count"]),
    };
    answer(&text, ExitCode::SUCCESS)
}

impl GatewayArgs {
    /// The URL, and the key.
    async fn find(self) -> Result<(String, String), String> {
        let (url, key) = match (self.url, self.shared_key, self.config) {
            (Some(url), Some(key), _) => (url, key),
            (_, _, None) => {
                return Err(
                    "where is the gateway administered? Name --url and --shared-key, or its --config FILE (or CAUSEWAY_ADMIN_URL and \
                     CAUSEWAY_ADMIN_KEY, or CAUSEWAY_CONFIG)"
                        .to_owned(),
                );
            }
            (url, key, Some(path)) => {
                let environment = Environment {
                    admin_key: key,
                    ..Environment::default()
                };
                let config = load_config_with(&path, &environment).await;
                let admin = config.map_err(|error| error.to_string())?.admin;
                let Some(admin) = admin else {
                    return Err(format!(
                        "{} has no `admin` with a key; name --url and --shared-key",
                        path.display()
                    ));
                };
                let key = admin.shared_key.expose().to_owned();
                (url.unwrap_or_else(|| reachable(admin.listen)), key)
            }
        };
        Ok((url.trim_end_matches('/').to_owned(), key))
    }
}

/// Where an address that listens for everybody is asked from here.
fn reachable(mut listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{listen}")
}

impl Ended {
    fn event(&self) -> Value {
        let mut event = json!({ "subgraph": self.subgraph });
        if let Some(ty) = &self.ty {
            event["type"] = json!(ty);
        }
        if let Some(key) = &self.key {
            event["key"] = json!(key);
        }
        if let Some(tag) = &self.tag {
            event["tag"] = json!(tag);
        }
        event
    }
}

/// What the gateway said.
struct Told {
    is_success: bool,
    status: u16,
    body: Value,
}

impl Told {
    fn message(&self) -> String {
        let error = &self.body["errors"][0];
        match (error["message"].as_str(), error["extensions"]["code"].as_str()) {
            (Some(message), Some(code)) => format!("{message} ({code})"),
            _ => format!("the gateway answered {}", self.status),
        }
    }

    /// A question that the gateway did not take was not asked.
    fn exit(&self) -> ExitCode {
        let code = &self.body["errors"][0]["extensions"]["code"];
        match code.as_str() {
            Some("NO_CACHE" | "INVALIDATION_NOT_SPREAD") => ExitCode::from(exit::NO),
            _ => ExitCode::from(exit::COULD_NOT_RUN),
        }
    }
}

async fn ask(url: &str, path: &str, key: &str, body: Option<&Value>) -> Result<Told, String> {
    // Fails only when the process has a provider already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{url}/{path}");
    let asked = async {
        let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        let request = match body {
            None => client.get(&url),
            Some(body) => client
                .post(&url)
                .header("content-type", "application/json")
                .body(body.to_string()),
        };
        let response = request.header("authorization", key).send().await?;
        let status = response.status();
        Ok((status, response.bytes().await?))
    };
    let (status, body) = asked.await.map_err(|error: reqwest::Error| {
        if error.is_builder() {
            format!(
                "`{url}` is no URL to ask, or the key is none: {}",
                innermost(&error)
            )
        } else {
            format!("{url} cannot be reached: {}", innermost(&error))
        }
    })?;
    Ok(Told {
        is_success: status.is_success(),
        status: status.as_u16(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn fields(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) if !fields.is_empty() => Ok(fields),
        _ => Err("the fields of a key are a JSON object, e.g. {\"id\":\"1\"}".to_owned()),
    }
}

/// `a.b: 1`, a line for each value that is no object.
fn lines(name: &str, value: &Value) -> String {
    let Some(fields) = value.as_object() else {
        return format!("{name}: {value}\n");
    };
    let below = |key: &str| match name {
        "" => key.to_owned(),
        name => format!("{name}.{key}"),
    };
    fields
        .iter()
        .map(|(key, value)| lines(&below(key), value))
        .collect()
}
