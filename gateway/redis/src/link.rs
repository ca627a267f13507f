//! A connection that comes and goes by itself, and a breaker before it.
//!
//! One task, the keeper, makes connections; a request never does. While there is none, operations are refused at once. A
//! connection counts as usable when a small write was answered within the deadline. It is given up when it breaks, when several
//! operations in a row had no answer in time, and when the server says that it is not the one to ask (a replica, one that loads);
//! then the keeper tries again, after pauses that grow while it does not last. Each change is one line in the log.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::{Cmd, Value, cmd};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::address::{Address, Connection};

#[derive(Debug, Clone)]
pub(crate) struct LinkOptions {
    /// What the connection is for, in the log.
    pub(crate) purpose: &'static str,
    /// Written to see whether the server takes writes.
    pub(crate) probe: String,
    /// For the probe.
    pub(crate) deadline: Duration,
    pub(crate) connect_timeout: Duration,
    /// As many operations in a row without an answer end the connection.
    pub(crate) failures: u32,
    /// Before the next attempt: the first pause and the longest.
    pub(crate) pause: (Duration, Duration),
}

/// Why an operation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("Redis is away")]
    Refused,
    #[error("Redis did not answer in time")]
    Late,
    #[error("{0}")]
    Failed(String),
}

/// Dropping it ends the keeper and closes the connection.
pub(crate) struct Link {
    inner: Arc<Inner>,
    keeper: JoinHandle<()>,
}

struct Inner {
    address: Arc<Address>,
    options: LinkOptions,
    current: Mutex<Option<Current>>,
    /// In a row.
    failures: AtomicU32,
    up: watch::Sender<bool>,
}

struct Current {
    number: u64,
    connection: Connection,
    closed: oneshot::Sender<Closed>,
}

struct Closed {
    reason: String,
    /// The server is there and does not serve: no use in asking again at once.
    sick: bool,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Link {
    /// Connects in the background, from now on. Needs a tokio runtime.
    pub(crate) fn new(address: Arc<Address>, options: LinkOptions) -> Self {
        let inner = Arc::new(Inner {
            address,
            options,
            current: Mutex::new(None),
            failures: AtomicU32::new(0),
            up: watch::channel(false).0,
        });
        let keeper = tokio::spawn(keep(inner.clone()));
        Self { inner, keeper }
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.inner.up.borrow()
    }

    /// Whether commands of one [`Self::run`] are done in their order.
    pub(crate) fn keeps_order(&self) -> bool {
        self.inner.address.keeps_order()
    }

    pub(crate) async fn until(&self, up: bool) {
        // The sender lives as long as the link.
        let _ = self.inner.up.subscribe().wait_for(|now| *now == up).await;
    }

    /// Sends commands (see [`Connection::run`]) and waits for their answers no longer than `limit`.
    pub(crate) async fn run(&self, commands: Vec<Cmd>, limit: Duration) -> Result<Vec<Value>, Trouble> {
        let inner = &*self.inner;
        let current = {
            let current = inner.current.lock().unwrap_or_else(PoisonError::into_inner);
            current
                .as_ref()
                .map(|current| (current.number, current.connection.clone()))
        };
        let (number, mut connection) = current.ok_or(Trouble::Refused)?;
        match timeout(limit, connection.run(commands)).await {
            Ok(Ok(values)) => {
                inner.failures.store(0, Ordering::Relaxed);
                if let Some(reason) = values.iter().find_map(not_the_one_to_ask) {
                    inner.close(number, reason, true);
                }
                Ok(values)
            }
            Ok(Err(error)) => {
                // One node of a cluster may be gone while the others serve.
                match connection {
                    Connection::Single(_) => inner.close(number, error.to_string(), false),
                    Connection::Cluster(_) => inner.failed(number, || error.to_string()),
                }
                Err(Trouble::Failed(error.to_string()))
            }
            Err(_) => {
                inner.failed(number, || {
                    format!("no answer within {limit:?}, several times in a row")
                });
                Err(Trouble::Late)
            }
        }
    }
}

impl Inner {
    fn failed(&self, number: u64, reason: impl FnOnce() -> String) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= self.options.failures {
            self.close(number, reason(), true);
        }
    }

    /// Gives a connection up, unless somebody did already.
    fn close(&self, number: u64, reason: String, sick: bool) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gone) = current.take_if(|current| current.number == number) {
            self.up.send_replace(false);
            let _ = gone.closed.send(Closed { reason, sick });
        }
    }

    /// A connection that has proved itself.
    async fn connect(&self) -> Result<Connection, String> {
        let limit = self.options.connect_timeout;
        let mut connection = match timeout(limit, self.address.connect()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err(format!("no connection within {limit:?}")),
        };
        let mut probe = cmd("SET");
        probe.arg(&self.options.probe).arg("").arg("PX").arg(1000);
        let deadline = self.options.deadline;
        match timeout(deadline, connection.run(vec![probe])).await {
            Ok(Ok(answers)) => match answers.iter().find_map(not_the_one_to_ask) {
                Some(reason) => Err(reason),
                None => Ok(connection),
            },
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {deadline:?}")),
        }
    }
}

/// An answer after which another server has to be asked, or this one later. One that is full still has values to give.
fn not_the_one_to_ask(answer: &Value) -> Option<String> {
    const CODES: [&str; 5] = ["READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOAUTH"];
    match answer {
        Value::ServerError(error) if CODES.contains(&error.code()) => Some(error.to_string()),
        _ => None,
    }
}

async fn keep(inner: Arc<Inner>) {
    let (shortest, longest) = inner.options.pause;
    let (address, purpose) = (&inner.address, inner.options.purpose);
    let mut pause = shortest;
    let mut known_to_be_down = false;
    for number in 0.. {
        let sick = match inner.connect().await {
            Ok(connection) => {
                let (closed, when_closed) = oneshot::channel();
                inner.failures.store(0, Ordering::Relaxed);
                *inner.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Current {
                    number,
                    connection,
                    closed,
                });
                inner.up.send_replace(true);
                tracing::info!(%address, purpose, "Redis is there");
                let since = Instant::now();
                let Ok(closed) = when_closed.await else {
                    return;
                };
                tracing::warn!(%address, purpose, reason = closed.reason, "Redis is away");
                known_to_be_down = true;
                let has_lasted = since.elapsed() > pause;
                if has_lasted {
                    pause = shortest;
                }
                closed.sick || !has_lasted
            }
            Err(reason) => {
                if !std::mem::replace(&mut known_to_be_down, true) {
                    tracing::warn!(%address, purpose, reason, "Redis is away");
                }
                true
            }
        };
        if sick {
            // Not all gateways at once.
            tokio::time::sleep(pause.mul_f64(rand::random_range(0.8..1.2))).await;
            pause = (pause * 2).min(longest);
        }
    }
}
