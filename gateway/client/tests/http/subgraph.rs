//! Servers that the client is tried against.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, serve::Listener};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::ANSWER;

/// A server that goes when it is dropped.
pub(crate) struct Subgraph {
    pub(crate) addr: SocketAddr,
    /// Where its GraphQL is.
    pub(crate) url: String,
    /// Connections that it has accepted.
    pub(crate) connections: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Subgraph {
    /// Resolves when its connections are closed and its port is free.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.serving.await.unwrap();
    }
}

pub(crate) async fn serve(router: Router) -> Subgraph {
    serve_at(SocketAddr::from(([127, 0, 0, 1], 0)), router).await
}

pub(crate) async fn serve_at(addr: SocketAddr, router: Router) -> Subgraph {
    let listener = Counting {
        listener: TcpListener::bind(addr).await.unwrap(),
        connections: Arc::default(),
    };
    let addr = listener.listener.local_addr().unwrap();
    let connections = Arc::clone(&listener.connections);
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap_or_default() };
        axum::serve(listener, router)
            .with_graceful_shutdown(stopped)
            .await
            .unwrap();
    });
    Subgraph {
        addr,
        url: format!("http://{addr}/graphql"),
        connections,
        stop,
        serving,
    }
}

/// What a raw server does after its bytes.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Close,
    /// Keeps the connection open and sends no more.
    Stay,
}

/// Answers the first request on each connection with these very bytes.
pub(crate) async fn raw(answer: &str, then: Then) -> Subgraph {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let connections: Arc<AtomicUsize> = Arc::default();
    let accepted = Arc::clone(&connections);
    let answer = answer.to_owned();
    let (stop, mut stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut stream, _) = tokio::select! {
                accepted = listener.accept() => accepted.unwrap(),
                _ = &mut stopped => return,
            };
            accepted.fetch_add(1, Ordering::SeqCst);
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            match then {
                Then::Close => drop(stream),
                Then::Stay => open.push(stream),
            }
        }
    });
    Subgraph {
        addr,
        url: format!("http://{addr}/graphql"),
        connections,
        stop,
        serving,
    }
}

/// What a scripted server does with a request.
#[derive(Clone, Copy)]
pub(crate) enum Turn {
    Answer,
    /// Reads the request and closes the connection.
    Close,
    /// Closes it in the middle of the answer.
    Half,
    /// Sends more than it has announced.
    TooMuch,
}

pub(crate) struct Scripted {
    pub(crate) url: String,
    /// Connections that it has accepted.
    pub(crate) connections: Arc<AtomicUsize>,
    /// Requests that it has read to the end.
    pub(crate) requests: Arc<AtomicUsize>,
}

/// Keeps to a script, one request after another on each connection, and closes it after the last. The last connection's
/// script is that of all further ones.
pub(crate) async fn scripted(script: &[&'static [Turn]]) -> Scripted {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/graphql", listener.local_addr().unwrap());
    let [connections, requests]: [Arc<AtomicUsize>; 2] = Default::default();
    let (accepted, read) = (Arc::clone(&connections), Arc::clone(&requests));
    let script = script.to_vec();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let nth = accepted.fetch_add(1, Ordering::SeqCst);
            let turns = script[nth.min(script.len() - 1)];
            for turn in turns {
                if !read_request(&mut stream).await {
                    break;
                }
                read.fetch_add(1, Ordering::SeqCst);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", ANSWER.len());
                let answer = match turn {
                    Turn::Answer => format!("{head}{ANSWER}"),
                    Turn::Half => format!("{head}{}", &ANSWER[..5]),
                    Turn::TooMuch => format!("{head}{ANSWER}more"),
                    Turn::Close => break,
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
                if matches!(turn, Turn::Half) {
                    break;
                }
            }
        }
    });
    Scripted {
        url,
        connections,
        requests,
    }
}

/// Up to the end of the body that the tests send; whether there was one. Closing with unread bytes would reset the connection.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    while !request.ends_with(b",\"variables\":{}}") {
        if stream.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return false;
        }
    }
    true
}

struct Counting {
    listener: TcpListener,
    connections: Arc<AtomicUsize>,
}

impl Listener for Counting {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let accepted = Listener::accept(&mut self.listener).await;
        self.connections.fetch_add(1, Ordering::SeqCst);
        accepted
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
