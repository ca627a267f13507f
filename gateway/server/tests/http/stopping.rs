//! The server told to stop while a request is under way.

use std::{net::SocketAddr, sync::Arc};

use futures::FutureExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
};

use crate::gateway::{me, options, scripted};

struct Running {
    addr: SocketAddr,
    /// Told when a subgraph is called.
    called: Arc<Notify>,
    /// Lets the subgraph answer.
    release: Arc<Notify>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

async fn start() -> Running {
    let (called, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&called), Arc::clone(&release));
    let gateway = scripted(options(), move |_, _| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        async move {
            tell.notify_one();
            wait.notified().await;
            me()
        }
        .boxed()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async { stopped.await.unwrap_or_default() };
    let serving = tokio::spawn(causeway_server::serve(listener, gateway.router, stopped));
    Running {
        addr,
        called,
        release,
        stop,
        serving,
    }
}

async fn ask(addr: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let body = r#"{"query":"{me{name}}"}"#;
    let length = body.len();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {addr}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    stream
}

#[tokio::test]
async fn requests_under_way_are_answered_and_no_new_ones_taken() {
    let running = start().await;
    let mut asked = ask(running.addr).await;
    running.called.notified().await;
    let mut idle = TcpStream::connect(running.addr).await.unwrap();
    running.stop.send(()).unwrap();
    // An idle connection is closed at once: its end is the sign that the stop is under way.
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(
        TcpStream::connect(running.addr).await.is_err(),
        "the port is closed while requests drain"
    );
    assert!(!running.serving.is_finished());
    running.release.notify_one();
    let mut answer = String::new();
    asked.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"data":{"me":{"name":"Ada"}}}"#),
        "{answer}"
    );
    running.serving.await.unwrap().unwrap();
}

/// The clock is paused: it jumps ahead whenever nothing else is left to do.
#[tokio::test(start_paused = true)]
async fn a_request_without_end_does_not_keep_the_server_from_stopping() {
    let running = start().await;
    let _asked = ask(running.addr).await;
    running.called.notified().await;
    let before = tokio::time::Instant::now();
    running.stop.send(()).unwrap();
    running.serving.await.unwrap().unwrap();
    assert_eq!(before.elapsed().as_secs(), 8);
}

/// What a client gets that sends `text` and then nothing more, and after how many seconds.
async fn after_silence(text: &str) -> (String, u64) {
    let running = start().await;
    let mut stream = TcpStream::connect(running.addr).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let before = tokio::time::Instant::now();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (answer, before.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_not_waited_for_for_ever() {
    let (_, seconds) = after_silence("POST /graphql HTTP/1.1\r\nhost: x\r\n").await;
    assert_eq!(seconds, 30);
}

#[tokio::test(start_paused = true)]
async fn half_a_body_is_answered_with_408() {
    let head =
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n";
    let (answer, seconds) = after_silence(&format!("{head}{{")).await;
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("REQUEST_TIMEOUT"),
        "{answer}"
    );
    assert_eq!(seconds, 5);
}
