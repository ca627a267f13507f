//! Opening connections: TCP, and TLS where the URL is `https://`.

use std::{future::poll_fn, sync::Arc, time::Duration};

use causeway_executor::FetchFailure;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{net::TcpStream, time::Instant};
use tower::Service;

use crate::{ClientError, answer::innermost};

/// For the name's look-up, TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(60);

pub(crate) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// The TLS configurations, made when they are first needed: a gateway without `https://` needs no certificates.
#[derive(Default)]
pub(crate) struct Tls {
    checking: Option<ClientConfig>,
}

impl Tls {
    #[cfg(test)]
    fn trusting(checking: ClientConfig) -> Self {
        Self {
            checking: Some(checking),
        }
    }

    fn config(&mut self, url: &Uri) -> Result<ClientConfig, ClientError> {
        if url.scheme_str() != Some("https") {
            return Ok(nobody_trusted());
        }
        if self.checking.is_none() {
            let made = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .and_then(BuilderVerifierExt::with_platform_verifier)
                .map_err(ClientError::Certificates)?;
            self.checking = Some(made.with_no_client_auth());
        }
        Ok(self.checking.clone().unwrap_or_else(nobody_trusted))
    }
}

/// For `http://`, where it is never used.
fn nobody_trusted() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the suites of the default versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

/// A way to one server.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    url: Uri,
    http1: HttpsConnector<HttpConnector>,
    /// Offers both versions.
    http2: HttpsConnector<HttpConnector>,
}

impl Connector {
    pub(crate) fn new(url: Uri, tls: &mut Tls) -> Result<Self, ClientError> {
        let config = tls.config(&url)?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(TCP_KEEP_ALIVE));
        // Shared out between the addresses of a name: one that is silent leaves time for the others.
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let offering = |config| {
            HttpsConnectorBuilder::new()
                .with_tls_config(config)
                .https_or_http()
        };
        Ok(Self {
            http1: offering(config.clone())
                .enable_http1()
                .wrap_connector(tcp.clone()),
            http2: offering(config).enable_all_versions().wrap_connector(tcp),
            url,
        })
    }

    /// A connection for HTTP/1.1.
    pub(crate) async fn http1(&self) -> Result<Stream, FetchFailure> {
        connect(self.http1.clone(), &self.url).await
    }

    /// A connection for HTTP/2; `None`: the server speaks HTTP/1.1 alone. At `http://` nobody is asked.
    pub(crate) async fn http2(&self) -> Result<Option<Stream>, FetchFailure> {
        let stream = connect(self.http2.clone(), &self.url).await?;
        let agreed = match &stream {
            MaybeHttpsStream::Http(_) => true,
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().1.alpn_protocol() == Some(b"h2"),
        };
        Ok(agreed.then_some(stream))
    }
}

async fn connect(mut connector: HttpsConnector<HttpConnector>, url: &Uri) -> Result<Stream, FetchFailure> {
    let connecting = async {
        poll_fn(|context| connector.poll_ready(context)).await?;
        connector.call(url.clone()).await
    };
    let started = Instant::now();
    let reason = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) if started.elapsed() < CONNECT_TIMEOUT => innermost(&*error),
        _ => format!("no connection within {} s", CONNECT_TIMEOUT.as_secs()),
    };
    Err(FetchFailure::Unreachable { reason })
}

#[cfg(test)]
mod tests;
