//! Where it was measured.

use serde::Serialize;

/// What a reader of the figures has to know of the machine.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: Option<String>,
    pub(crate) kernel: Option<String>,
    /// What else ran on the machine shows here: the load averages of 1, 5 and 15 minutes before the first scenario.
    pub(crate) load_before: Option<String>,
    /// The same after the last one.
    pub(crate) load_after: Option<String>,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = cpuinfo
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: processor.map(|(_, name)| name.to_owned()),
            kernel: line("/proc/sys/kernel/osrelease"),
            load_before: load(),
            load_after: None,
        }
    }

    /// To be called when all is measured.
    pub(crate) fn measured(&mut self) {
        self.load_after = load();
    }
}

fn load() -> Option<String> {
    let text = line("/proc/loadavg")?;
    Some(text.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

fn line(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}
