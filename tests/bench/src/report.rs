//! What was measured, for people (a table) and for programs (JSON).

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::{
    machine::Machine,
    measure::{Measured, Results, Row, Settings},
    scenario::Scenario,
    statistics::{median, ratio},
    target::Target,
};

type Metric = (&'static str, fn(&Measured) -> f64);

#[expect(clippy::cast_precision_loss, reason = "a process's memory in MiB")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

const RATE: Metric = ("units_per_second", |measured| measured.units_per_second);
const CPU: Metric = ("cpu_micros", |measured| measured.cpu_micros);
const P50: Metric = ("p50_millis", |measured| measured.p50_millis);
const P90: Metric = ("p90_millis", |measured| measured.p90_millis);
const P99: Metric = ("p99_millis", |measured| measured.p99_millis);
const P999: Metric = ("p999_millis", |measured| measured.p999_millis);
const BEFORE: Metric = ("rss_before_mib", |measured| mib(measured.rss_before));
const RSS: Metric = ("rss_mib", |measured| mib(measured.rss));
const PEAK: Metric = ("rss_peak_mib", |measured| mib(measured.rss_peak));
const CALLS: Metric = ("calls", |measured| measured.calls);
const READ_CALLS: Metric = ("read_calls", |measured| measured.read_calls);
const LOADS: Metric = ("loads", |measured| measured.loads);
const METRICS: [Metric; 12] = [
    RATE, CPU, P50, P90, P99, P999, BEFORE, RSS, PEAK, CALLS, READ_CALLS, LOADS,
];

impl Row {
    fn values(&self, metric: Metric) -> Vec<f64> {
        self.rounds.iter().map(metric.1).collect()
    }

    fn median(&self, metric: Metric) -> f64 {
        median(self.values(metric))
    }

    fn ratio(&self, base: &Row, metric: Metric) -> f64 {
        ratio(&self.values(metric), &base.values(metric))
    }

    fn name(&self) -> String {
        match self.case {
            "" => self.gateway.clone(),
            case => format!("{}, {case}", self.gateway),
        }
    }

    fn failed(&self) -> u64 {
        self.rounds.iter().map(|measured| measured.failed).sum()
    }
}

impl Results {
    /// Units that failed, of all gateways and rounds.
    pub(crate) fn failed(&self) -> u64 {
        self.rows.iter().map(Row::failed).sum()
    }

    /// The table, and below it what went wrong.
    pub(crate) fn table(&self, settings: &Settings) -> String {
        let mut rows = vec![self.header()];
        rows.extend(self.rows.iter().map(|row| self.line(row)));
        let mut text = format!("\n{}\n{}", self.title(settings), aligned(&rows));
        for row in &self.rows {
            let failure = row.rounds.iter().find_map(|measured| measured.failure.as_ref());
            if let Some(failure) = failure {
                let _ = writeln!(
                    text,
                    "FAILED {}: {} units, e.g. {failure}",
                    row.name(),
                    row.failed()
                );
            }
            let unsent: u64 = row.rounds.iter().map(|measured| measured.unsent).sum();
            if unsent > 0 {
                let _ = writeln!(
                    text,
                    "{} did not keep up: {unsent} units were never sent",
                    row.name()
                );
            }
        }
        text
    }

    fn title(&self, settings: &Settings) -> String {
        let how = match settings.per_second {
            _ if self.scenario.once() => "each operation once".to_owned(),
            Some(rate) => format!("open loop, {rate}/s, {:?}", settings.lasting),
            None => format!("closed loop, {:?}", settings.lasting),
        };
        let latency = match self.latency {
            latency if latency.is_zero() => String::new(),
            latency => format!(", {latency:?} a call"),
        };
        format!(
            "{}: {} clients, {how}, {} rounds{latency}",
            self.scenario.name(),
            self.clients,
            settings.rounds
        )
    }

    fn header(&self) -> Vec<String> {
        let mut header = vec![
            "gateway",
            "ops/s",
            "×",
            "CPU us/op",
            "×",
            "p50 ms",
            "p90 ms",
            "p99 ms",
            "p99.9 ms",
        ];
        if self.scenario == Scenario::Memory {
            header.push("before MiB");
        }
        header.extend(["RSS MiB", "peak MiB", "calls/op"]);
        if self.scenario == Scenario::Hot {
            header.extend(["reads'", "less", "loads/op", "less"]);
        }
        header.into_iter().map(str::to_owned).collect()
    }

    fn line(&self, row: &Row) -> Vec<String> {
        let base = &self.rows[0];
        let mut line = vec![
            row.name(),
            figure(row.median(RATE)),
            format!("{:.2}", row.ratio(base, RATE)),
            figure(row.median(CPU)),
            format!("{:.2}", row.ratio(base, CPU)),
        ];
        line.extend([P50, P90, P99, P999].map(|metric| format!("{:.2}", row.median(metric))));
        if self.scenario == Scenario::Memory {
            line.push(format!("{:.1}", row.median(BEFORE)));
        }
        line.extend([RSS, PEAK].map(|metric| format!("{:.1}", row.median(metric))));
        line.push(format!("{:.2}", row.median(CALLS)));
        if self.scenario == Scenario::Hot {
            for metric in [READ_CALLS, LOADS] {
                line.push(format!("{:.3}", row.median(metric)));
                line.push(format!("{:.1}%", 100.0 * (1.0 - row.ratio(base, metric))));
            }
        }
        line
    }

    pub(crate) fn json(&self) -> Value {
        let base = &self.rows[0];
        let rows = self.rows.iter().map(|row| {
            let object = |value: &dyn Fn(Metric) -> f64| -> Map<String, Value> {
                METRICS
                    .into_iter()
                    .map(|metric| (metric.0.to_owned(), json!(value(metric))))
                    .collect()
            };
            json!({
                "gateway": row.gateway, "case": row.case, "rounds": row.rounds,
                "median": object(&|metric| row.median(metric)),
                "ratio_to_first": object(&|metric| row.ratio(base, metric)),
            })
        });
        json!({
            "scenario": self.scenario.name(), "clients": self.clients,
            "latency_millis": self.latency.as_millis(), "rows": rows.collect::<Vec<_>>(),
        })
    }
}

/// Everything about a run.
pub(crate) fn json_report(
    scenarios: &[Value],
    targets: &[Target],
    machine: &Machine,
    settings: &Settings,
) -> Value {
    let gateways = targets.iter().map(|target| {
        json!({
            "name": target.name, "version": target.version, "pid": target.process.pid,
            "url": format!("http://{}{}", target.endpoint.authority, target.endpoint.path),
        })
    });
    json!({
        "command": std::env::args().collect::<Vec<_>>(),
        "version": env!("CARGO_PKG_VERSION"),
        "machine": machine,
        "settings": {
            "rounds": settings.rounds, "seconds": settings.lasting.as_secs_f64(),
            "warm_up_seconds": settings.warm_up.as_secs_f64(), "rate": settings.per_second,
        },
        "gateways": gateways.collect::<Vec<_>>(),
        "scenarios": scenarios,
    })
}

/// Digits that mean something.
fn figure(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

/// Names to the left, figures to the right.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(text, "{cell:<width$}"),
                _ => write!(text, "  {cell:>width$}"),
            };
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = aligned(&[row(["gateway", "×"]), row(["a", "12.5"])]);
        assert_eq!(text, "gateway     ×\na        12.5\n");
    }

    #[test]
    fn figures_have_as_many_digits_as_they_mean() {
        assert_eq!([figure(12345.6), figure(9.87)], ["12346", "9.9"]);
    }
}
