//! What Linux knows of a process.

use std::time::Duration;

use anyhow::Context as _;

/// A process by its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    pub(crate) pid: u32,
}

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) rss: u64,
    /// The most that was ever resident.
    pub(crate) peak: u64,
}

impl Process {
    /// Time on processors so far, in user and kernel mode, of all threads. In steps of a clock tick, mostly 10 ms.
    pub(crate) fn cpu(self) -> anyhow::Result<Duration> {
        let stat = self.read("stat")?;
        let ticks =
            cpu_ticks(&stat).with_context(|| format!("/proc/{}/stat is unreadable: {stat}", self.pid))?;
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_secs(ticks) / u32::try_from(per_second).context("ticks are too short")?)
    }

    pub(crate) fn memory(self) -> anyhow::Result<Memory> {
        let status = self.read("status")?;
        let field = |name| {
            kibibytes(&status, name).with_context(|| format!("/proc/{}/status has no {name}", self.pid))
        };
        Ok(Memory {
            rss: field("VmRSS")? * 1024,
            peak: field("VmHWM")? * 1024,
        })
    }

    fn read(self, file: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{file}", self.pid);
        std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {path}: does the process run here?"))
    }
}

/// utime + stime. The program's name stands in parentheses and may hold spaces and parentheses itself.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    // The first field here is the third of proc_pid_stat(5); utime is the 14th, stime the 15th.
    let mut fields = rest.split(' ').skip(14 - 3);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// A line like `VmRSS:      1234 kB`.
fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "4242 (a b) c) S 1 2 3 0 -1 4194560 900 0 1 0 1234 66 0 0 20 0 5 0 100 1000000 500";
        assert_eq!(cpu_ticks(stat), Some(1300));
        assert_eq!(cpu_ticks("4242 (short) S 1 2"), None);
    }

    #[test]
    fn memory_is_found_by_its_whole_name() {
        let status = "Name:\tx\nVmHWMx:\t1 kB\nVmHWM:\t   2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(kibibytes(status, "VmHWM"), Some(2048));
        assert_eq!(kibibytes(status, "VmRSS"), Some(1024));
        assert_eq!(kibibytes(status, "VmSwap"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let this = Process {
            pid: std::process::id(),
        };
        let memory = this.memory().unwrap();
        assert!(memory.rss > 0 && memory.peak >= memory.rss, "{memory:?}");
        this.cpu().unwrap();
        assert!(Process { pid: u32::MAX }.cpu().is_err());
    }
}
