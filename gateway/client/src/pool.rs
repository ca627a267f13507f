//! The open connections to one server.
//!
//! HTTP/1.1: a connection serves one call at a time and waits here in between; the one used last is taken first, so that
//! those that are not needed grow old and go. HTTP/2: one connection serves all calls.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use causeway_executor::FetchFailure;
use futures::{
    FutureExt, TryFutureExt,
    future::{BoxFuture, Shared},
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;

use crate::{answer::unreachable, connect::Connector};

pub(crate) type Body = Full<Bytes>;

/// HTTP/1.1 connections that wait for their next call.
const IDLE_CONNECTIONS: usize = 128;
/// Load balancers commonly close after 60 s; whoever closes first is spared the race.
const IDLE_TIMEOUT: Duration = Duration::from_secs(55);
/// How long a connection whose answer was read may take until it can serve again.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that is gone without a word is noticed while calls wait for it.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Pool {
    connector: Connector,
    /// Whether HTTP/2 is to be spoken.
    http2: bool,
    /// The one used last is at the back.
    idle: Mutex<VecDeque<Idle>>,
    shared: Mutex<Option<Opening>>,
}

#[derive(Debug)]
struct Idle {
    sender: http1::SendRequest<Body>,
    since: Instant,
}

/// `None`: the server agreed to HTTP/1.1 alone.
type Opening = Shared<BoxFuture<'static, Result<Option<http2::SendRequest<Body>>, FetchFailure>>>;

/// A connection that a request can be sent on.
pub(crate) struct Lease {
    sender: Sender,
    /// Whether it has served before: the server may have closed it since.
    pub(crate) reused: bool,
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Pool {
    pub(crate) fn new(connector: Connector, http2: bool) -> Arc<Self> {
        Arc::new(Self {
            connector,
            http2,
            idle: Mutex::default(),
            shared: Mutex::default(),
        })
    }

    /// A connection that waits, or a new one.
    pub(crate) async fn take(&self) -> Result<Lease, FetchFailure> {
        if self.http2
            && let Some(lease) = self.take_shared().await?
        {
            return Ok(lease);
        }
        match self.waiting() {
            Some(sender) => Ok(Lease {
                sender: Sender::Http1(sender),
                reused: true,
            }),
            None => self.open().await,
        }
    }

    /// A connection that has not served yet, or HTTP/2's that stands.
    pub(crate) async fn take_new(&self) -> Result<Lease, FetchFailure> {
        if self.http2
            && let Some(lease) = self.take_shared().await?
        {
            return Ok(lease);
        }
        self.open().await
    }

    /// Call when the answer was read, or is no longer wanted.
    pub(crate) fn put(self: &Arc<Self>, lease: Lease) {
        let Sender::Http1(mut sender) = lease.sender else {
            return;
        };
        if sender.is_ready() {
            return self.keep(sender);
        }
        if sender.is_closed() {
            return;
        }
        // The answer came before the last of the request was written, or the connection's task has not run since.
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(Ok(())) = tokio::time::timeout(SETTLE_TIMEOUT, sender.ready()).await {
                pool.keep(sender);
            }
        });
    }

    fn keep(&self, sender: http1::SendRequest<Body>) {
        let now = Instant::now();
        let mut idle = lock(&self.idle);
        let too_many = idle.len() >= IDLE_CONNECTIONS;
        if too_many || idle.front().is_some_and(|oldest| !oldest.serves(now)) {
            idle.pop_front();
        }
        idle.push_back(Idle { sender, since: now });
    }

    fn waiting(&self) -> Option<http1::SendRequest<Body>> {
        let mut idle = lock(&self.idle);
        let now = Instant::now();
        while let Some(last) = idle.pop_back() {
            if last.serves(now) {
                return Some(last.sender);
            }
        }
        None
    }

    async fn open(&self) -> Result<Lease, FetchFailure> {
        let stream = self.connector.http1().await?;
        let (sender, connection) = http1::handshake(stream)
            .await
            .map_err(|error| unreachable(&error))?;
        // It ends with its last user, or when the server closes.
        tokio::spawn(connection.unwrap_or_else(drop));
        Ok(Lease {
            sender: Sender::Http1(sender),
            reused: false,
        })
    }

    /// Callers that come while the connection is being opened wait for the same one.
    async fn take_shared(&self) -> Result<Option<Lease>, FetchFailure> {
        let (opening, reused) = {
            let mut shared = lock(&self.shared);
            let standing = shared.as_ref().filter(|opening| match opening.peek() {
                Some(Ok(Some(sender))) => !sender.is_closed(),
                Some(Err(_)) => false,
                Some(Ok(None)) | None => true,
            });
            match standing {
                Some(opening) => (opening.clone(), opening.peek().is_some()),
                None => (shared.insert(open_shared(self.connector.clone())).clone(), false),
            }
        };
        Ok(opening.await?.map(|sender| Lease {
            sender: Sender::Http2(sender),
            reused,
        }))
    }
}

/// In a task of its own: who asked for it first may go away.
fn open_shared(connector: Connector) -> Opening {
    let opening = tokio::spawn(async move {
        let Some(stream) = connector.http2().await? else {
            return Ok(None);
        };
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(stream)
            .await
            .map_err(|error| unreachable(&error))?;
        tokio::spawn(connection.unwrap_or_else(drop));
        Ok(Some(sender))
    });
    opening
        .map(|opened| opened.unwrap_or(Err(FetchFailure::Broken)))
        .boxed()
        .shared()
}

impl Idle {
    fn serves(&self, now: Instant) -> bool {
        self.sender.is_ready() && now.duration_since(self.since) < IDLE_TIMEOUT
    }
}

impl Lease {
    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Http2(_))
    }

    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match &mut self.sender {
            Sender::Http1(sender) => sender.try_send_request(request).await,
            Sender::Http2(sender) => sender.try_send_request(request).await,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held; connections that stand there are good all the same.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
