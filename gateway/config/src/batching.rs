//! `batching`: how entities are loaded, for all subgraphs and for one.

use serde::Deserialize;

use crate::{
    ConfigError, SubgraphConfig,
    switch::{self, Switch},
    validate::At,
};

const LARGEST_BATCH: usize = 10_000;
const MOST_SLOTS: usize = 1024;

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
        let within = |name: &str, given: Option<usize>, default: usize, most: usize| match given {
            Some(number) if !(1..=most).contains(&number) => {
                let off = if number == 0 {
                    "; to load entities one by one, write `batching: off`"
                } else {
                    ""
                };
                Err(at.invalid(
                    format!("{key}.{name}"),
                    format!("{number} is not between 1 and {most}{off}"),
                ))
            }
            given => Ok(given.unwrap_or(default)),
        };
        Ok(Self {
            enabled: true,
            across_requests: keys.across_requests.unwrap_or(self.across_requests),
            max_batch_size: within(
                "max_batch_size",
                keys.max_batch_size,
                self.max_batch_size,
                LARGEST_BATCH,
            )?,
            slots: within("slots", keys.slots, self.slots, MOST_SLOTS)?,
            public: keys.public.unwrap_or(self.public),
        })
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

#[cfg(test)]
mod tests;
