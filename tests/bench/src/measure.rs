//! Runs scenarios over gateways in rounds: every round asks every gateway, and begins with another one.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use serde::Serialize;

use crate::{
    fleet::{CallsBySubgraph, Fleet},
    load::{Check, Clients, Load, Pace, Seen, verify_all},
    scenario::{Case, Scenario},
    subgraphs::Calls,
    target::Target,
    work::Judge,
};

/// Questions that are verified where there are too many.
const SOME: usize = 100;

/// How to measure; the command line's values.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) rounds: usize,
    pub(crate) lasting: Duration,
    pub(crate) warm_up: Duration,
    /// `None`: the scenario's own.
    pub(crate) clients: Option<usize>,
    /// `None`: the closed loop.
    pub(crate) per_second: Option<f64>,
    /// Instead of the scenario's own.
    pub(crate) latency: Option<Duration>,
    /// Different operations that `memory` sends; `hot` draws four times as many.
    pub(crate) operations: usize,
}

/// One gateway in one case and round.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measured {
    pub(crate) units: u64,
    pub(crate) seconds: f64,
    pub(crate) units_per_second: f64,
    /// Of the gateway's process, a unit.
    pub(crate) cpu_micros: f64,
    pub(crate) p50_millis: f64,
    pub(crate) p90_millis: f64,
    pub(crate) p99_millis: f64,
    pub(crate) p999_millis: f64,
    pub(crate) max_millis: f64,
    /// Bytes, before the clients connect.
    pub(crate) rss_before: u64,
    /// Bytes, while the clients are still connected.
    pub(crate) rss: u64,
    /// Bytes, the most in the process's life.
    pub(crate) rss_peak: u64,
    /// HTTP requests that reached subgraphs, a unit.
    pub(crate) calls: f64,
    /// Those that were no mutations, a unit.
    pub(crate) read_calls: f64,
    /// Entities and other root fields that these calls asked for, without mutations, a unit.
    pub(crate) loads: f64,
    pub(crate) calls_by_subgraph: CallsBySubgraph,
    pub(crate) failed: u64,
    pub(crate) failure: Option<String>,
    /// Open loop only.
    pub(crate) unsent: u64,
}

/// One gateway in one case, over all rounds.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) gateway: String,
    pub(crate) case: &'static str,
    pub(crate) rounds: Vec<Measured>,
}

/// One scenario over all gateways.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) scenario: Scenario,
    pub(crate) clients: usize,
    pub(crate) latency: Duration,
    /// The first row is what the others are compared with.
    pub(crate) rows: Vec<Row>,
}

/// Measures one scenario.
///
/// # Errors
/// When a gateway answers wrongly before any load is on it, or cannot be reached.
pub(crate) async fn measure(
    scenario: Scenario,
    targets: &[&Target],
    fleet: &Fleet,
    judge: &Arc<Judge>,
    settings: &Settings,
) -> anyhow::Result<Results> {
    let latency = settings.latency.unwrap_or(scenario.latency());
    fleet.set_latency(latency).await?;
    let clients = settings.clients.unwrap_or(scenario.clients());
    let mut results = Results {
        scenario,
        clients,
        latency,
        rows: Vec::new(),
    };
    let mut checks = Vec::new();
    for target in targets {
        fleet.set_freshness(target.freshness).await?;
        for case in scenario.cases(0, settings.operations, judge)? {
            let check = check(scenario, target, &case)
                .await
                .with_context(|| format!("{} in {}", target.name, scenario.name()))?;
            checks.push(check);
            results.rows.push(Row {
                gateway: target.name.clone(),
                case: case.label,
                rounds: Vec::new(),
            });
        }
    }
    for round in 0..settings.rounds {
        let cases = scenario.cases(round, settings.operations, judge)?;
        for turn in 0..targets.len() {
            let number = (turn + round) % targets.len();
            fleet.set_freshness(targets[number].freshness).await?;
            for (index, case) in cases.iter().enumerate() {
                let row = number * cases.len() + index;
                let known = case.work.lengths.clone().map(Check::Lengths);
                let load = Load {
                    endpoint: targets[number].endpoint.clone(),
                    work: Arc::clone(&case.work),
                    clients,
                    check: known.unwrap_or_else(|| checks[row].clone()),
                };
                let measured = one(scenario, targets[number], fleet, &load, settings).await?;
                results.rows[row].rounds.push(measured);
            }
        }
    }
    fleet.set_latency(Duration::ZERO).await?;
    fleet.set_freshness(Duration::ZERO).await?;
    Ok(results)
}

/// Verifies every answer before the load, so that the load need only look at lengths. What is asked once is verified then.
async fn check(scenario: Scenario, target: &Target, case: &Case) -> anyhow::Result<Check> {
    if scenario.once() {
        return Ok(Check::Data);
    }
    let Some(known) = &case.work.lengths else {
        let all = case.work.questions.len();
        let lengths = verify_all(&target.endpoint, &case.work, all).await?;
        return Ok(Check::Lengths(Arc::new(lengths)));
    };
    let lengths = verify_all(&target.endpoint, &case.work, SOME).await?;
    anyhow::ensure!(known.starts_with(&lengths), "answers are not written as ours are");
    Ok(Check::Lengths(Arc::clone(known)))
}

async fn one(
    scenario: Scenario,
    target: &Target,
    fleet: &Fleet,
    load: &Load,
    settings: &Settings,
) -> anyhow::Result<Measured> {
    let before = target.process.memory()?;
    let mut clients = Clients::connect(load).await?;
    let pace = match settings.per_second {
        _ if scenario.once() => Pace::Once,
        Some(per_second) => Pace::Open {
            lasting: settings.lasting,
            per_second,
        },
        None => Pace::Closed(settings.lasting),
    };
    if !scenario.once() && !settings.warm_up.is_zero() {
        clients.run(Pace::Closed(settings.warm_up)).await?;
    }
    fleet.reset().await?;
    let cpu = target.process.cpu()?;
    let seen = clients.run(pace).await?;
    let cpu = target.process.cpu()?.saturating_sub(cpu);
    let memory = target.process.memory()?;
    let calls = fleet.calls().await?;
    let failed = seen.failed;
    let mut measured = summary(seen, cpu, calls);
    measured.rss_before = before.rss;
    measured.rss = memory.rss;
    measured.rss_peak = memory.peak;
    let mutations: u64 = measured
        .calls_by_subgraph
        .values()
        .map(|calls| calls.mutations)
        .sum();
    // A lost answer may or may not have been executed.
    if scenario == Scenario::Mutations && failed == 0 && mutations != measured.units {
        measured.failed = measured.units.abs_diff(mutations);
        measured.failure = Some(format!(
            "{} mutations were sent, and {mutations} reached the subgraph",
            measured.units
        ));
    }
    Ok(measured)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and microseconds far below 2^52"
)]
fn summary(seen: Seen, cpu: Duration, calls_by_subgraph: CallsBySubgraph) -> Measured {
    let units = seen.units.max(1) as f64;
    let millis = |quantile| seen.latencies.value_at_quantile(quantile) as f64 / 1000.0;
    let sum = |count: fn(&Calls) -> u64| calls_by_subgraph.values().map(count).sum::<u64>();
    let (calls, mutations) = (sum(|calls| calls.calls), sum(|calls| calls.mutations));
    // What else a mutation asks for is asked in calls of its own.
    let loads = sum(|calls| calls.loads).saturating_sub(mutations);
    Measured {
        units: seen.units,
        seconds: seen.elapsed.as_secs_f64(),
        units_per_second: seen.units as f64 / seen.elapsed.as_secs_f64(),
        cpu_micros: cpu.as_secs_f64() * 1e6 / units,
        p50_millis: millis(0.5),
        p90_millis: millis(0.9),
        p99_millis: millis(0.99),
        p999_millis: millis(0.999),
        max_millis: seen.latencies.max() as f64 / 1000.0,
        rss_before: 0,
        rss: 0,
        rss_peak: 0,
        calls: calls as f64 / units,
        read_calls: calls.saturating_sub(mutations) as f64 / units,
        loads: loads as f64 / units,
        calls_by_subgraph,
        failed: seen.failed,
        failure: seen.failure,
        unsent: seen.unsent,
    }
}
