//! Runs an attack: the servers here, the process that is attacked beside it.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use warehouse_testkit::PeakMemory;

use super::stage::Outcome;
use super::{Attack, Expected, Failure, MOST_RESULT_BYTES};

/// A process that takes more than this many MiB is ended, so that the machine survives.
const ENDED_AT_MIB: u64 = 6 << 10;

/// What an attack came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What the process said; `None` if it was ended, or died.
    pub outcome: Option<Outcome>,
    /// From start to end.
    pub time: Duration,
    /// The peak memory of the process, in MiB.
    pub mib: u64,
    /// The bounds that were broken, and what is wrong about the outcome.
    pub broken: Vec<String>,
}

impl Measured {
    /// The outcome in a few words.
    pub fn summary(&self) -> String {
        let Some(outcome) = &self.outcome else { return "ended".to_owned() };
        let mut words: Vec<String> = Vec::new();
        for subscription in &outcome.subscriptions {
            let word = match subscription.error.as_str() {
                "" if subscription.names.is_empty() => "nothing found".to_owned(),
                "" => subscription.names.iter().take(2).map(|name| shown(name)).collect::<Vec<_>>().join(" "),
                error => error.to_owned(),
            };
            if words.last() != Some(&word) {
                words.push(word);
            }
        }
        words.truncate(4);
        if let Some(other) = &outcome.other_tenant {
            words.push(format!(
                "the other: {} runs, {} ms alone, {} ms beside",
                other.runs, other.alone, other.beside
            ));
        }
        words.join(", ")
    }
}

fn shown(name: &str) -> String {
    if name.len() > 20 {
        format!("{}...", name.chars().take(12).collect::<String>())
    } else {
        name.to_owned()
    }
}

/// Runs the attack with the program of this path, which does what [`client`](super::client) does where its first argument is `--client`.
///
/// # Errors
///
/// Where the servers or the process do not start.
pub fn run(attack: &Attack, program: &std::path::Path) -> Result<Measured, Failure> {
    let stage = (attack.prepare)()?;
    let began = Instant::now();
    let mut child =
        Command::new(program).arg("--client").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().ok_or("the process has no standard input")?;
    let mut output = child.stdout.take().ok_or("the process has no standard output")?;
    let task = serde_json::to_vec(&stage.task)?;
    let writer = std::thread::spawn(move || input.write_all(&task));
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let (mut peak, mut broken) = (0, Vec::new());
    let status = loop {
        // The peak only grows, so the last look before the end is at most that much too small.
        peak = PeakMemory::of_process(child.id()).unwrap_or(peak).max(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let is_late = began.elapsed() > Duration::from_secs(attack.most_seconds);
        if is_late || peak >> 10 > ENDED_AT_MIB {
            child.kill()?;
            broken.push(format!("ended after {} s with {} MiB", began.elapsed().as_secs(), peak >> 10));
        }
        sleep(Duration::from_millis(2));
    };
    let time = began.elapsed();
    let _ = writer.join();
    let text = reader.join().map_err(|_| "the output could not be read")??;
    let outcome: Option<Outcome> = serde_json::from_str(&text).ok();
    let mib = peak >> 10;
    if broken.is_empty() && (!status.success() || outcome.is_none()) {
        broken.push(format!("the process failed: {status}"));
    }
    if mib > attack.most_mib {
        broken.push(format!("{mib} MiB, of at most {}", attack.most_mib));
    }
    if let Some(outcome) = &outcome {
        broken.extend(faults(attack, outcome));
        broken.extend(stage.check.as_ref().and_then(|check| check(outcome).err()));
    }
    Ok(Measured { outcome, time, mib, broken })
}

/// What is wrong about an outcome.
fn faults(attack: &Attack, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.result_bytes > MOST_RESULT_BYTES {
        wrong.push(format!("a result of {} bytes", outcome.result_bytes));
    }
    for subscription in &outcome.subscriptions {
        let is_right = match &attack.expected {
            Expected::Bounded => true,
            Expected::Error(kinds) => kinds.contains(&subscription.error.as_str()),
            Expected::Found(names) => subscription.error.is_empty() && subscription.names == *names,
        };
        if !is_right {
            let got = format!("{} {:?} {}", subscription.error, subscription.names, subscription.message);
            wrong.push(format!(
                "{:?} expected, not {}",
                attack.expected,
                got.chars().take(400).collect::<String>()
            ));
        }
        if subscription.message.contains("SECRET") {
            wrong.push("the message has the password".to_owned());
        }
        if subscription.error == "internal" {
            wrong.push(format!("an internal error: {}", subscription.message));
        }
    }
    wrong.dedup();
    wrong.truncate(4);
    wrong
}
