//! `causeway serve` while the graph changes: files are looked at each second, SIGHUP asks for it at once.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use causeway_config::{Config, GraphSource, SchemaSource};
use tokio::signal::unix::Signal;

use super::{graph::GraphArgs, told};
use crate::{LoadError, LoadedGraph, Reloader};

const INTERVAL: Duration = Duration::from_secs(1);

/// Reloads for ever. A graph that cannot be loaded is told in the log, and the one before stays.
pub(super) async fn watch(args: GraphArgs, mut hangup: Signal, mut files: Files, reloader: Reloader) {
    loop {
        let asked = tokio::select! {
            _ = hangup.recv() => true,
            () = tokio::time::sleep(INTERVAL) => false,
        };
        // Taken before the files are read: what changes meanwhile is seen the next time.
        let changed = files.have_changed();
        if !asked && !changed {
            continue;
        }
        match load(&args).await {
            Ok((config, loaded)) => {
                files = files.followed_by(Files::of(&args, &config));
                match reloader.reload(loaded.supergraph, &config).await {
                    Ok(()) => tracing::info!("the graph is reloaded"),
                    Err(error) => {
                        tracing::error!("the graph is not reloaded, the one before stays: {error:#}")
                    }
                }
            }
            Err(error) => {
                tracing::error!(
                    "the graph is not reloaded, the one before stays:\n{}",
                    told(&error)
                );
            }
        }
    }
}

/// Composing takes its time: not on a thread that serves requests.
async fn load(args: &GraphArgs) -> Result<(Config, LoadedGraph), LoadError> {
    let args = args.clone();
    let runtime = tokio::runtime::Handle::current();
    let loading = tokio::task::spawn_blocking(move || runtime.block_on(args.load_to_serve()));
    match loading.await {
        Ok(loaded) => loaded,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// The files that a graph is made of, as they were when they were last looked at.
pub(super) struct Files {
    known: Vec<(PathBuf, Option<Stamp>, u64)>,
}

/// What tells most changes without reading the file.
type Stamp = (SystemTime, u64);

impl Files {
    pub(super) fn of(args: &GraphArgs, config: &Config) -> Self {
        let mut paths: Vec<PathBuf> = args.config_file().into_iter().collect();
        if let GraphSource::Supergraph(path) = &config.graph {
            paths.push(path.clone());
        } else {
            let schemas = config
                .subgraphs
                .values()
                .filter_map(|subgraph| match &subgraph.schema {
                    Some(SchemaSource::File(path)) => Some(path.clone()),
                    _ => None,
                });
            paths.extend(schemas);
        }
        // Standard input is read once.
        paths.retain(|path| path != Path::new("-"));
        Self {
            known: paths
                .into_iter()
                .map(|path| {
                    let (stamp, hash) = (stamp(&path), hash(&path));
                    (path, stamp, hash)
                })
                .collect(),
        }
    }

    /// `next`, in which what was known already is as it was: a change since then is still to be seen.
    fn followed_by(self, mut next: Self) -> Self {
        for (path, stamp, hash) in self.known {
            if let Some(same) = next.known.iter_mut().find(|(known, ..)| *known == path) {
                (same.1, same.2) = (stamp, hash);
            }
        }
        next
    }

    /// Whether any file says something else than the last time. A file that was only touched does not.
    fn have_changed(&mut self) -> bool {
        let mut changed = false;
        for (path, known, content) in &mut self.known {
            let now = stamp(path);
            if now == *known {
                continue;
            }
            *known = now;
            let now = hash(path);
            changed |= now != *content;
            *content = now;
        }
        changed
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// Of a file that cannot be read, too: that it is gone is a change.
fn hash(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    fs::read(path).ok().hash(&mut hasher);
    hasher.finish()
}
