use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::*;

/// A server whose only handler tells when it began and ends when it may.
struct Slow {
    running: Running,
    began: Arc<Notify>,
    may_end: Arc<Notify>,
    shutdown: Shutdown,
}

async fn slow_server() -> Slow {
    let (began, may_end, shutdown) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Shutdown::new());
    let (begins, ends) = (began.clone(), may_end.clone());
    let router = Router::new().route(
        "/",
        get(move || async move {
            begins.notify_one();
            ends.notified().await;
            "done"
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Slow {
        running: serve(listener, router, shutdown.clone()),
        began,
        may_end,
        shutdown,
    }
}

async fn request(addr: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    stream
}

#[tokio::test]
async fn shutdown_finishes_what_is_in_flight_and_takes_no_more() {
    let Slow {
        running,
        began,
        may_end,
        shutdown,
    } = slow_server().await;
    let addr = running.addr;
    let closed = Arc::new(AtomicBool::new(false));
    let closes = closed.clone();
    let running = running.afterwards(async move { closes.store(true, Ordering::SeqCst) });
    let mut stream = request(addr).await;
    began.notified().await;

    shutdown.trigger();
    let waiting = tokio::spawn(running.wait());
    // The listener goes away while the request is still in flight.
    while TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!waiting.is_finished());
    assert!(
        !closed.load(Ordering::SeqCst),
        "what comes afterwards waits for the last request"
    );

    may_end.notify_one();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
        "{answer}"
    );
    waiting.await.unwrap().unwrap();
    assert!(closed.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_cut_after_the_drain() {
    let Slow {
        running,
        began,
        shutdown,
        ..
    } = slow_server().await;
    let _stream = request(running.addr).await;
    began.notified().await;

    let triggered = tokio::time::Instant::now();
    shutdown.trigger();
    running.wait().await.unwrap();
    assert_eq!(
        triggered.elapsed().as_secs(),
        DRAIN.as_secs(),
        "on the paused clock"
    );
}

#[tokio::test]
async fn a_triggered_shutdown_stays_triggered() {
    let shutdown = Shutdown::new();
    let waiting = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { shutdown.wait().await }
    });
    shutdown.clone().trigger();
    waiting.await.unwrap();
    shutdown.trigger();
    shutdown.wait().await;
}
