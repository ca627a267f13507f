//! Saying events, and waiting until all have heard.

use std::time::{Duration, Instant};

use causeway_cache::{Event, Position, Unspread};
use redis::{Cmd, Value};
use tokio::time::{sleep, timeout};

use super::RedisFeed;
use super::script::{Member, Members, members};
use crate::link::Trouble;

/// Events that are added in one step.
const BATCH: usize = 1000;
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

enum Outcome {
    Spread,
    /// What was added may be lost.
    EpochEnded,
}

impl RedisFeed {
    pub(super) async fn spread(&self, events: &[Event]) -> Result<(), Unspread> {
        if events.is_empty() {
            return Ok(());
        }
        let texts: Result<Vec<String>, _> = events.iter().map(serde_json::to_string).collect();
        let texts = texts.map_err(|error| unspread(&error.to_string()))?;
        let until = Instant::now() + 2 * self.options.lease + self.options.deadline;
        while Instant::now() < until {
            if let Some(added) = self.add(&texts).await?
                && let Outcome::Spread = self.wait_for(added, until).await?
            {
                return Ok(());
            }
        }
        Err(unspread("Redis begins anew again and again"))
    }

    /// Adds events in their order. Where the last one is, and who was a member by then. `None`: an epoch ended meanwhile, and what
    /// was added may be lost.
    async fn add(&self, texts: &[String]) -> Result<Option<Members>, Unspread> {
        let mut added: Option<Members> = None;
        for texts in texts.chunks(BATCH) {
            let now = self.ask(self.shared.scripts.publish(texts)).await?;
            if added.is_some_and(|before| before.epoch != now.epoch) {
                return Ok(None);
            }
            added = Some(now);
        }
        Ok(added)
    }

    async fn wait_for(&self, added: Members, until: Instant) -> Result<Outcome, Unspread> {
        let since = Instant::now();
        let own = u64::try_from(self.options.lease.as_millis()).unwrap_or(u64::MAX);
        let over = |member: &Member| {
            let lease = Duration::from_millis(member.lease.max(own));
            since.elapsed() > lease + lease / 50
        };
        let mut behind: Vec<&Member> = added.members.iter().collect();
        let mut pause = FIRST_PAUSE;
        loop {
            let looked = self.ask(self.shared.scripts.publish(&[])).await;
            if let Ok(now) = &looked {
                if now.epoch != added.epoch {
                    return Ok(Outcome::EpochEnded);
                }
                behind.retain(|member| is_behind(member, now, added.last));
                let (late, waited_for): (Vec<&Member>, Vec<&Member>) =
                    behind.iter().partition(|member| over(member));
                if waited_for.is_empty() {
                    if !late.is_empty() {
                        // For the next ones, who need not wait for it then.
                        let _ = self.ask_any(self.shared.scripts.forget(&late)).await;
                    }
                    return Ok(Outcome::Spread);
                }
            }
            if Instant::now() + pause > until {
                return Err(match looked {
                    Ok(_) => unspread("a gateway with a longer lease has not applied it yet"),
                    Err(error) => error,
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn ask(&self, command: Cmd) -> Result<Members, Unspread> {
        let answer = self.ask_any(command).await?;
        members(&answer).ok_or_else(|| unspread("the script's answer is not understood"))
    }

    async fn ask_any(&self, command: Cmd) -> Result<Value, Unspread> {
        let (link, deadline) = (&self.shared.link, self.options.deadline);
        let mut answers = link.run(vec![command.clone()], deadline).await;
        if let Err(Trouble::Failed(_)) = answers {
            // The connection had ended since it was last used, and the server may well be there. An event that is added twice is
            // applied twice.
            let _ = timeout(deadline, link.until(true)).await;
            answers = link.run(vec![command], deadline).await;
        }
        match answers.map(|mut answers| answers.pop()) {
            Ok(Some(Value::ServerError(error))) => Err(unspread(&error.to_string())),
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(unspread("no answer")),
            Err(trouble) => Err(unspread(&trouble.to_string())),
        }
    }
}

/// Who is no member any more has no lease of before.
fn is_behind(member: &Member, now: &Members, position: Position) -> bool {
    let now = now.members.iter().find(|now| now.name == member.name);
    now.is_some_and(|now| now.applied < position)
}

fn unspread(reason: &str) -> Unspread {
    Unspread {
        reason: reason.to_owned(),
    }
}
