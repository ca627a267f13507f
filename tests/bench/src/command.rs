//! The command line.

use std::{io::Write as _, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use serde_json::Value;

use crate::{
    fleet::Fleet,
    graph::compose,
    herd::{self, Herds},
    lineup::{self, KEPT, Starter},
    machine::Machine,
    measure::{Settings, measure},
    report::json_report,
    scenario::Scenario,
    staleness::{self, Staleness},
    subgraphs,
    target::{Peer, Target, Variant, parse_peer, parse_variant},
    work::Judge,
    world::World,
};

/// Measures the gateway, and others beside it, over synthetic subgraphs.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A federated query: 5 levels of fetches over 4 subgraphs, about 90 KB that repeat themselves
    Deep(RunArgs),
    /// An order of 100 lines: one operation against one call for each product; 5 ms a call
    #[command(name = "n_plus_one")]
    NPlusOne(RunArgs),
    /// 200 clients, each another user and operation over the same few products; 2 ms a call
    Crowd(RunArgs),
    /// A list of one subgraph
    Small(RunArgs),
    /// A mutation with reads from two more subgraphs
    Mutations(RunArgs),
    /// RSS under 500 connections and 10,000 different operations
    Memory(RunArgs),
    /// Products by demand and 5 % changes: without a cache, in memory, in Redis, in both
    Hot(RunArgs),
    /// All clients at once ask for what has just ended; one gateway, and four that share Redis
    #[command(name = "cold_herd")]
    ColdHerd(RunArgs),
    /// Reads and changes of a few products over four gateways that share Redis: what is seen when
    Invalidate(RunArgs),
    /// All of them but `cold_herd` and `invalidate`
    All(RunArgs),
    /// Only the subgraphs, for a peer to be pointed at; prints their URLs as JSON and serves until it is stopped
    Subgraphs(SubgraphsArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The gateway's binary; the one beside this program if not given
    #[arg(long, value_name = "PATH")]
    causeway: Option<PathBuf>,
    /// Measure peers only; the first one is what the others are compared with
    #[arg(long, requires = "peers", conflicts_with_all = ["causeway", "variants"])]
    no_causeway: bool,
    /// Measure causeway once more, with this YAML appended to its configuration
    #[arg(long = "variant", value_name = "NAME=FILE", value_parser = parse_variant)]
    variants: Vec<Variant>,
    /// Measure a gateway that runs already; needs --subgraphs
    #[arg(long = "peer", value_name = "NAME=URL,PID", value_parser = parse_peer, requires = "subgraphs")]
    peers: Vec<Peer>,
    /// The subgraphs.json that `bench subgraphs --write` wrote; own subgraphs are started if not given
    #[arg(long, value_name = "FILE")]
    subgraphs: Option<PathBuf>,
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Of each measurement
    #[arg(long, default_value_t = 5.0, value_parser = positive)]
    seconds: f64,
    /// Load before each measurement, in seconds
    #[arg(long, default_value_t = 1.0, value_parser = not_negative)]
    warm_up: f64,
    /// Clients, instead of the scenario's own number
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    clients: Option<u16>,
    /// Open loop: operations a second, latency from when each was due. The closed loop if not given
    #[arg(long, value_parser = positive)]
    rate: Option<f64>,
    /// What every call to a subgraph waits, in milliseconds; the scenario's own if not given
    #[arg(long)]
    latency: Option<u16>,
    /// Keys of `cold_herd`, each asked for by all clients at once
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=199))]
    keys: u16,
    /// Different operations in a round of `memory`; `hot` draws four times as many requests
    #[arg(long, default_value_t = 10_000, value_parser = at_least_one)]
    operations: usize,
    /// Write everything that was measured
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct SubgraphsArgs {
    /// Of people, goods, sales and opinions; 0 is any
    #[arg(long, value_delimiter = ',', default_values_t = [4101, 4102, 4103, 4104])]
    ports: Vec<u16>,
    /// Write supergraph.graphql and subgraphs.json into this folder
    #[arg(long, value_name = "FOLDER")]
    write: Option<PathBuf>,
    /// For a parent process: ends with it
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    let value = not_negative(text)?;
    if value == 0.0 {
        return Err("must be more than 0".to_owned());
    }
    Ok(value)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be more than 0".to_owned()),
        other => other.map_err(|_| "is no whole number".to_owned()),
    }
}

fn not_negative(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
    // A day is long enough, and keeps the arithmetic in range.
    if (0.0..=10_000_000.0).contains(&value) {
        Ok(value)
    } else {
        Err("is out of range".to_owned())
    }
}

/// `Ok(false)`: it was measured, and there were wrong answers.
pub async fn run(cli: Cli) -> anyhow::Result<bool> {
    match cli.command {
        Command::Deep(args) => run_scenarios(&[Scenario::Deep], &args).await,
        Command::NPlusOne(args) => run_scenarios(&[Scenario::NPlusOne], &args).await,
        Command::Crowd(args) => run_scenarios(&[Scenario::Crowd], &args).await,
        Command::Small(args) => run_scenarios(&[Scenario::Small], &args).await,
        Command::Mutations(args) => run_scenarios(&[Scenario::Mutations], &args).await,
        Command::Memory(args) => run_scenarios(&[Scenario::Memory], &args).await,
        Command::Hot(args) => run_scenarios(&[Scenario::Hot], &args).await,
        Command::ColdHerd(args) => run_herds(&args).await,
        Command::Invalidate(args) => run_staleness(&args).await,
        Command::All(args) => run_scenarios(&Scenario::ALL, &args).await,
        Command::Subgraphs(args) => serve_subgraphs(&args).await.map(|()| true),
    }
}

/// What every run stands on.
struct Ground {
    fleet: Fleet,
    supergraph: String,
    judge: Arc<Judge>,
    binary: PathBuf,
    machine: Machine,
}

impl Ground {
    async fn new(args: &RunArgs) -> anyhow::Result<Self> {
        let this = std::env::current_exe().context("this program has no path")?;
        let fleet = match &args.subgraphs {
            Some(file) => Fleet::running(file)?,
            None => Fleet::start(&this).await?,
        };
        let composed = compose(&fleet.urls)?;
        Ok(Self {
            fleet,
            supergraph: composed.supergraph,
            judge: Arc::new(Judge {
                world: World::new(),
                api: composed.api,
            }),
            // The gateway's, beside this program if nothing else is said.
            binary: args
                .causeway
                .clone()
                .unwrap_or_else(|| this.with_file_name("causeway")),
            machine: Machine::here(),
        })
    }

    fn starter(&self) -> Starter<'_> {
        Starter {
            binary: &self.binary,
            supergraph: &self.supergraph,
        }
    }

    fn write(&mut self, args: &RunArgs, scenarios: &[Value], targets: &[Target]) -> anyhow::Result<()> {
        self.machine.measured();
        let Some(file) = &args.json else { return Ok(()) };
        let report = json_report(scenarios, targets, &self.machine, &settings(args));
        let text = serde_json::to_string_pretty(&report).context("the report is no JSON")?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

fn settings(args: &RunArgs) -> Settings {
    Settings {
        rounds: args.rounds.into(),
        lasting: Duration::from_secs_f64(args.seconds),
        warm_up: Duration::from_secs_f64(args.warm_up),
        clients: args.clients.map(usize::from),
        per_second: args.rate,
        operations: args.operations,
        latency: args.latency.map(|millis| Duration::from_millis(millis.into())),
    }
}

async fn run_scenarios(scenarios: &[Scenario], args: &RunArgs) -> anyhow::Result<bool> {
    let mut ground = Ground::new(args).await?;
    let mut usual = targets(args, &ground.starter()).await?;
    let settings = settings(args);
    let (mut all, mut failed) = (Vec::new(), 0);
    for scenario in scenarios {
        let own = match args.no_causeway {
            true => lineup::Own::default(),
            false => lineup::own(*scenario, &ground.starter()).await?,
        };
        let is_hot = *scenario == Scenario::Hot;
        for target in &mut usual {
            target.freshness = if is_hot { KEPT } else { Duration::ZERO };
        }
        // Of `hot`, causeway as it comes is one of its own.
        let plain = usize::from(!args.no_causeway);
        let (plain, added) = usual.split_at(plain);
        let plain = if is_hot { &[] } else { plain };
        let targets: Vec<&Target> = plain.iter().chain(&own.targets).chain(added).collect();
        let results = measure(*scenario, &targets, &ground.fleet, &ground.judge, &settings).await?;
        say(&results.table(&settings))?;
        failed += results.failed();
        all.push(results.json());
    }
    ground.write(args, &all, &usual)?;
    Ok(failed == 0)
}

async fn run_herds(args: &RunArgs) -> anyhow::Result<bool> {
    let mut ground = Ground::new(args).await?;
    let herds = Herds {
        clients: args.clients.unwrap_or(1000).into(),
        keys: args.keys.into(),
        latency: settings(args).latency.unwrap_or(Duration::from_millis(10)),
    };
    let rows = herd::measure(&ground.starter(), &ground.fleet, &herds).await?;
    say(&herds.table(&rows))?;
    ground.write(args, &[herds.json(&rows)], &[])?;
    Ok(true)
}

async fn run_staleness(args: &RunArgs) -> anyhow::Result<bool> {
    let mut ground = Ground::new(args).await?;
    let settings = settings(args);
    let staleness = Staleness {
        readers: settings.clients.unwrap_or(40),
        lasting: settings.lasting * u32::from(args.rounds),
        latency: settings.latency.unwrap_or(Duration::from_millis(2)),
    };
    let Some(seen) = staleness::measure(&ground.starter(), &ground.fleet, &staleness).await? else {
        return Ok(true);
    };
    say(&seen.table(&staleness))?;
    ground.write(args, &[seen.json(&staleness)], &[])?;
    Ok(seen.stale == 0 && seen.failed == 0)
}

fn say(table: &str) -> anyhow::Result<()> {
    print!("{table}");
    std::io::stdout().flush().context("nobody reads the figures")
}

/// In the order in which they are printed; causeway as it comes is the first.
async fn targets(args: &RunArgs, starter: &Starter<'_>) -> anyhow::Result<Vec<Target>> {
    let mut targets = Vec::new();
    if !args.no_causeway {
        targets.push(starter.start("causeway", "").await?);
    }
    for Variant { name, file } in &args.variants {
        let more =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        targets.push(starter.start(name, &more).await?);
    }
    for peer in &args.peers {
        targets.push(Target::peer(peer)?);
    }
    Ok(targets)
}

async fn serve_subgraphs(args: &SubgraphsArgs) -> anyhow::Result<()> {
    let ports = args
        .ports
        .as_slice()
        .try_into()
        .context("four ports are needed")?;
    let urls = subgraphs::start(ports).await?;
    let told = serde_json::to_string(&urls).context("URLs are JSON")?;
    if let Some(folder) = &args.write {
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(folder.join("subgraphs.json"), &told));
        written.with_context(|| format!("cannot write into {}", folder.display()))?;
        std::fs::write(folder.join("supergraph.graphql"), compose(&urls)?.supergraph)?;
    }
    println!("{told}");
    if args.until_stdin_closes {
        tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await?;
        return Ok(());
    }
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_peer_needs_subgraphs_that_it_can_be_pointed_at() {
        let peer = ["bench", "deep", "--peer", "other=http://127.0.0.1:1/graphql,1"];
        assert!(Cli::try_parse_from(peer).is_err());
        assert!(Cli::try_parse_from(peer.into_iter().chain(["--subgraphs", "a.json"])).is_ok());
    }

    #[test]
    fn seconds_and_rates_are_numbers_in_range() {
        assert!(positive("0.2").is_ok());
        for wrong in ["0", "-1", "NaN", "inf", "x"] {
            assert!(positive(wrong).is_err(), "{wrong}");
        }
    }
}
