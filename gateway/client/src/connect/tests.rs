//! TLS, against a server whose certificate these tests alone trust.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    http::{HeaderMap, Version},
    routing::post,
};
use causeway_executor::{FetchFailure, RequestKind, SubgraphReply, SubgraphRequest};
use causeway_model::SubgraphId;
use hyper_util::{rt::TokioExecutor, server::conn::auto::Builder, service::TowerToHyperService};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{SubgraphOptions, endpoint::Endpoint};

const CERTIFICATE: &[u8] = include_bytes!("certificate/certificate.der");
const KEY: &[u8] = include_bytes!("certificate/key.der");

struct Server {
    url: String,
    connections: Arc<AtomicUsize>,
}

/// Answers with the version of HTTP that it is asked by.
async fn serve(protocols: &[&str]) -> Server {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(CERTIFICATE)],
            PrivatePkcs8KeyDer::from(KEY).into(),
        )
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}/graphql",
        listener.local_addr().unwrap().port()
    );
    let connections: Arc<AtomicUsize> = Arc::default();
    let accepted = Arc::clone(&connections);
    let version = |version: Version| async move { format!("{version:?}") };
    let router = Router::new().route("/graphql", post(version));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, router) = (acceptor.clone(), router.clone());
            let accepted = Arc::clone(&accepted);
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                accepted.fetch_add(1, Ordering::SeqCst);
                let service = TowerToHyperService::new(router);
                let _ = Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Server { url, connections }
}

fn trusting() -> Tls {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(CERTIFICATE)).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    Tls::trusting(config.with_root_certificates(roots).with_no_client_auth())
}

fn endpoint(url: &str, http2: bool, mut tls: Tls) -> Endpoint {
    let options = SubgraphOptions {
        http2,
        ..SubgraphOptions::new("users", url)
    };
    Endpoint::new(options, &mut tls).unwrap()
}

async fn call(endpoint: &Endpoint) -> Result<SubgraphReply, FetchFailure> {
    let request = SubgraphRequest {
        subgraph: SubgraphId(0),
        kind: RequestKind::Query,
        document: "{a}".into(),
        variables: Default::default(),
        entities: Vec::new(),
        merging: None,
        headers: Arc::new(HeaderMap::new()),
    };
    endpoint.call(&request, 1000).await
}

#[tokio::test]
async fn the_version_is_agreed_on() {
    for (spoken, http2, expected, connections) in [
        (&["h2", "http/1.1"][..], true, "HTTP/2.0", 1),
        (&["h2", "http/1.1"], false, "HTTP/1.1", 1),
        // Where the server does not know HTTP/2, one connection is spent on finding out.
        (&["http/1.1"], true, "HTTP/1.1", 2),
        (&[], true, "HTTP/1.1", 2),
        (&[], false, "HTTP/1.1", 1),
    ] {
        let server = serve(spoken).await;
        let endpoint = endpoint(&server.url, http2, trusting());
        for _ in 0..3 {
            let reply = call(&endpoint).await.unwrap();
            assert_eq!(reply.body, expected, "{spoken:?} {http2}");
        }
        let opened = server.connections.load(Ordering::SeqCst);
        assert_eq!(opened, connections, "{spoken:?} {http2}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let server = serve(&["http/1.1"]).await;
    let nobody = Tls::trusting(nobody_trusted());
    let failure = call(&endpoint(&server.url, false, nobody)).await.unwrap_err();
    assert!(failure.to_string().contains("UnknownIssuer"), "{failure}");
    let elsewhere = server.url.replace("localhost", "127.0.0.1");
    let failure = call(&endpoint(&elsewhere, false, trusting())).await.unwrap_err();
    assert!(
        failure.to_string().contains("certificate not valid for name"),
        "{failure}"
    );
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn plain_http_at_a_tls_server_is_a_failure() {
    let server = serve(&["http/1.1"]).await;
    let plain = server.url.replace("https", "http");
    let failure = call(&endpoint(&plain, false, trusting())).await.unwrap_err();
    assert_eq!(failure.code(), "SUBGRAPH_UNREACHABLE", "{failure}");
}
