//! `batching`: how entities are loaded, for all subgraphs and for one.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    ConfigError, SubgraphConfig,
    switch::{self, Switch},
    validate::At,
};

const LARGEST_BATCH: usize = 10_000;
const MOST_SLOTS: usize = 1024;
const MOST_OPERATIONS: usize = 1000;

/// How entities are loaded from one subgraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batching {
    /// `false`: one call for each entity.
    pub enabled: bool,
    /// Entities that several requests ask for at the same time may travel in one call.
    pub across_requests: bool,
    /// Entities in one call.
    pub max_batch_size: usize,
    /// Calls under way at the same time, for the same fields of the same type; what comes while all are taken gathers
    /// into the next one.
    pub slots: usize,
    /// Entities are the same whoever asks, so that loads of different clients may travel together. No header of a
    /// client reaches such a subgraph.
    pub public: bool,
    /// With `across_requests`: how different questions for the same fields travel together.
    pub merging: Merging,
}

/// How different questions for the same fields are taken together into one operation, with an alias for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merging {
    /// `false`: one call for each.
    pub enabled: bool,
    /// Questions in one operation.
    pub max_operations: usize,
    /// What has waited for so long leaves though all slots are taken.
    pub max_wait: Duration,
}

impl Default for Merging {
    fn default() -> Self {
        Self {
            enabled: true,
            max_operations: 50,
            // Far more than a call takes where batching is worth anything, and little beside one that keeps others waiting.
            max_wait: Duration::from_millis(50),
        }
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            enabled: true,
            across_requests: true,
            // Some 60 KB of representations: below what servers take, and enough that a list is one call.
            max_batch_size: 1000,
            slots: 2,
            public: false,
            merging: Merging::default(),
        }
    }
}

pub(crate) type RawBatching = Switch<RawKeys>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawKeys {
    across_requests: Option<bool>,
    max_batch_size: Option<usize>,
    slots: Option<usize>,
    public: Option<bool>,
    merging: Option<Switch<RawMerging>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMerging {
    max_operations: Option<usize>,
    max_wait: Option<String>,
}

impl Batching {
    /// These settings, but for what `raw` says. Whoever sets a key wants batching.
    pub(crate) fn overridden(
        &self,
        at: &At<'_>,
        key: &str,
        raw: Option<RawBatching>,
    ) -> Result<Self, ConfigError> {
        let keys = match raw {
            None => return Ok(self.clone()),
            Some(Switch::Word(enabled)) => {
                return Ok(Self {
                    enabled,
                    ..self.clone()
                });
            }
            Some(Switch::Keys(keys)) => keys,
        };
        let off = "; to load entities one by one, write `batching: off`";
        let number = |name: &str, given, default, most| {
            within(at, &format!("{key}.{name}"), given, (default, most), off)
        };
        Ok(Self {
            enabled: true,
            across_requests: keys.across_requests.unwrap_or(self.across_requests),
            max_batch_size: number(
                "max_batch_size",
                keys.max_batch_size,
                self.max_batch_size,
                LARGEST_BATCH,
            )?,
            slots: number("slots", keys.slots, self.slots, MOST_SLOTS)?,
            public: keys.public.unwrap_or(self.public),
            merging: self
                .merging
                .overridden(at, &format!("{key}.merging"), keys.merging)?,
        })
    }
}

impl Merging {
    fn overridden(
        &self,
        at: &At<'_>,
        key: &str,
        raw: Option<Switch<RawMerging>>,
    ) -> Result<Self, ConfigError> {
        let keys = match raw {
            None => return Ok(self.clone()),
            Some(Switch::Word(enabled)) => {
                return Ok(Self {
                    enabled,
                    ..self.clone()
                });
            }
            Some(Switch::Keys(keys)) => keys,
        };
        let size_key = format!("{key}.max_operations");
        let limits = (self.max_operations, MOST_OPERATIONS);
        let off = "; to send each question by itself, write `merging: off`";
        let wait = keys
            .max_wait
            .map(|text| at.duration(&format!("{key}.max_wait"), &text));
        Ok(Self {
            enabled: true,
            max_operations: within(at, &size_key, keys.max_operations, limits, off)?,
            max_wait: wait.unwrap_or(Ok(self.max_wait))?,
        })
    }
}

/// A number from 1 to the most, or the default. `off`: what whoever writes 0 may want.
fn within(
    at: &At<'_>,
    key: &str,
    given: Option<usize>,
    (default, most): (usize, usize),
    off: &str,
) -> Result<usize, ConfigError> {
    match given {
        Some(number) if !(1..=most).contains(&number) => {
            let off = if number == 0 { off } else { "" };
            Err(at.invalid(key, format!("{number} is not between 1 and {most}{off}")))
        }
        given => Ok(given.unwrap_or(default)),
    }
}

/// A subgraph that can tell clients apart may answer each differently, and one's answer would reach another.
/// `name`: `None` for those that the file does not speak of.
pub(crate) fn public_learns_nothing(
    at: &At<'_>,
    name: Option<&str>,
    subgraph: &SubgraphConfig,
) -> Result<(), ConfigError> {
    if !subgraph.batching.public {
        return Ok(());
    }
    let seen: Vec<String> = subgraph
        .headers
        .of_clients()
        .map(|name| format!("`{name}`"))
        .collect();
    if seen.is_empty() {
        return Ok(());
    }
    let (key, way_out) = match name {
        Some(name) => (
            format!("subgraphs.{name}.batching.public"),
            format!("`subgraphs.{name}.headers: {{ forward: [] }}` (what is `set` there may stay)"),
        ),
        None => (
            "batching.public".to_owned(),
            "`headers: { forward: [] }`".to_owned(),
        ),
    };
    let reason = format!(
        "is true, so that different clients share what is loaded, but the subgraph would get {} of the client that happens \
         to ask, and could answer with what is meant for that client alone; write {way_out}, or take `public` away",
        seen.join(" and ")
    );
    Err(at.invalid(key, reason))
}

impl switch::Keys for RawKeys {
    const EXAMPLE: &'static str = "slots";
}

impl switch::Keys for RawMerging {
    const EXAMPLE: &'static str = "max_wait";
}

#[cfg(test)]
mod tests;
