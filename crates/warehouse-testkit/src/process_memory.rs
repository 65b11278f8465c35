//! How much memory a process takes, as Linux tells it in `/proc`.

use std::io;

/// The peak memory of this process, from a moment on: for tests that run a client in a process of its own.
///
/// ```
/// use warehouse_testkit::PeakMemory;
///
/// # fn main() -> std::io::Result<()> {
/// # if !cfg!(target_os = "linux") { return Ok(()) }
/// let memory = PeakMemory::start()?;
/// let buffer = vec![1_u8; 8 << 20];
/// assert!(memory.kib()? >= 4 << 10, "{} bytes were taken", buffer.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PeakMemory {
    before: u64,
}

impl PeakMemory {
    /// Forgets the peak of this process so far ([proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html)).
    ///
    /// # Errors
    ///
    /// Where there is no such `/proc`: on other systems than Linux.
    pub fn start() -> io::Result<Self> {
        // 5 is "forget the peak".
        std::fs::write("/proc/self/clear_refs", "5")?;
        Ok(Self { before: field("self", "VmRSS:")? })
    }

    /// The peak since then above what the process had at the start, in KiB.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn kib(&self) -> io::Result<u64> {
        Ok(field("self", "VmHWM:")?.saturating_sub(self.before))
    }

    /// The peak of another process since it began, in KiB.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and where the process has ended.
    pub fn of_process(id: u32) -> io::Result<u64> {
        field(&id.to_string(), "VmHWM:")
    }
}

fn field(process: &str, name: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .ok_or_else(|| io::Error::other(format!("the status of the process has no {name}")))
}
