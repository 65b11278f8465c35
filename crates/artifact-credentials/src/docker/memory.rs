//! What helpers have said lately: one process for all who ask at once, and none for those who ask soon after.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::helper::{Answer, Failure};

/// How long a failure is remembered at most: long enough for one discovery to fail at once instead of request by request, and
/// short enough for whoever has just unlocked their keychain.
const LONGEST_FAILURE: Duration = Duration::from_secs(30);
/// How many answers are kept before those that are of no use any more are thrown away.
const MANY: usize = 1024;

type Said = Result<Answer, Failure>;
type Slot = Arc<tokio::sync::Mutex<Option<(Instant, Said)>>>;

/// What helpers have said lately, by program and server.
#[derive(Debug, Default)]
pub(super) struct Memory {
    slots: Mutex<HashMap<(String, String), Slot>>,
}

impl Memory {
    /// What was said not longer ago than `keep`, or since this was called; or what `ask` brings. Of all who call at once one asks and
    /// the others wait; if that one is dropped, the next one asks.
    pub(super) async fn recall(
        &self,
        program: &str,
        server: &str,
        keep: Duration,
        ask: impl Future<Output = Said>,
    ) -> Said {
        let called = Instant::now();
        let slot = self.slot(program, server);
        let mut slot = slot.lock().await;
        if let Some((learned, said)) = &*slot
            && (*learned >= called || learned.elapsed() < keep_of(said, keep))
        {
            return said.clone();
        }
        *slot = None;
        let said = ask.await;
        *slot = Some((Instant::now(), said.clone()));
        said
    }

    /// Whether the program turned out not to be there.
    pub(super) fn is_absent(&self, program: &str, server: &str) -> bool {
        let slot = self.slot(program, server);
        slot.try_lock().is_ok_and(|slot| matches!(&*slot, Some((_, Ok(Answer::Absent)))))
    }

    fn slot(&self, program: &str, server: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MANY {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry((program.to_owned(), server.to_owned())).or_default())
    }
}

fn keep_of(said: &Said, keep: Duration) -> Duration {
    match said {
        Ok(Answer::Found(_) | Answer::None) => keep,
        Ok(Answer::Absent) | Err(_) => keep.min(LONGEST_FAILURE),
    }
}

#[cfg(test)]
mod tests {
    use artifact_http::Credential;

    use super::*;
    use crate::docker::helper::Question;

    /// How often is asked in ten minutes by one who comes every second, where it is always this that is said.
    async fn asked(said: impl Fn() -> Said, keep: Duration) -> u32 {
        let (memory, mut times) = (Memory::default(), 0);
        for _ in 0..600 {
            let ask = async {
                times += 1;
                said()
            };
            let _ = memory.recall("docker-credential-it", "ghcr.io", keep, ask).await;
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_forgotten_sooner_than_answers() {
        let question = Question { program: "it", server: "s", folders: Some(&[]), deadline: Duration::ZERO };
        let failed = || Err(question.lacks_interpreter());
        let found = || Ok(Answer::Found(Credential::bearer("SECRET")));
        let five_minutes = Duration::from_secs(300);
        assert_eq!(asked(found, five_minutes).await, 2);
        assert_eq!(asked(|| Ok(Answer::None), five_minutes).await, 2);
        assert_eq!(asked(failed, five_minutes).await, 20);
        assert_eq!(asked(|| Ok(Answer::Absent), five_minutes).await, 20);
        assert_eq!(asked(failed, Duration::from_secs(10)).await, 60, "no longer than an answer");
        assert_eq!(asked(found, Duration::ZERO).await, 600);
    }
}
