//! One subgraph: where it is, and a call to it from beginning to end.

use std::{error::Error, io, sync::Arc, time::Duration};

use bytes::Bytes;
use causeway_executor::{FetchFailure, RequestKind, SubgraphReply, SubgraphRequest};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::TrySendError};

use crate::{
    ClientError, SubgraphOptions, answer,
    connect::{Connector, Tls},
    headers::Headers,
    pool::{Body, Lease, Pool},
};

#[derive(Debug)]
pub(crate) struct Endpoint {
    pool: Arc<Pool>,
    headers: Headers,
    /// Scheme, authority and path, as HTTP/2 has it.
    url: Uri,
    /// The path alone, as HTTP/1.1 has it, with the authority in a header.
    path: Uri,
    host: HeaderValue,
    timeout: Duration,
}

impl Endpoint {
    pub(crate) fn new(options: SubgraphOptions, tls: &mut Tls) -> Result<Self, ClientError> {
        let url = usable(&options)?;
        let headers = Headers::new(&options)?;
        let (path, host) = in_parts(&url).ok_or_else(|| bad_url(&options))?;
        let connector = Connector::new(url.clone(), tls)?;
        Ok(Self {
            pool: Pool::new(connector, options.http2),
            headers,
            url,
            path,
            host,
            timeout: options.timeout,
        })
    }

    pub(crate) fn identity(&self, client: &HeaderMap) -> u128 {
        self.headers.identity(client)
    }

    pub(crate) async fn call(
        &self,
        request: &SubgraphRequest,
        limit: usize,
    ) -> Result<SubgraphReply, FetchFailure> {
        let call = async {
            let (lease, response) = self.exchange(request).await?;
            let reply = answer::read(response, limit).await;
            // A connection whose answer was left half read is closed and not kept.
            self.pool.put(lease);
            reply
        };
        match tokio::time::timeout(self.timeout, call).await {
            Ok(reply) => reply,
            Err(_) => Err(FetchFailure::Timeout {
                millis: self.timeout.as_millis(),
            }),
        }
    }

    /// Sends the request, once more if the first connection turns out to be closed by the server.
    async fn exchange(&self, request: &SubgraphRequest) -> Result<(Lease, Response<Incoming>), FetchFailure> {
        let body = request.body();
        let mut lease = self.pool.take().await?;
        let sent = self.request(&lease, &request.headers, body.clone());
        match lease.send(sent).await {
            Ok(response) => return Ok((lease, response)),
            Err(error) if !(lease.reused && may_repeat(&error, request.kind)) => {
                return Err(answer::unreachable(error.error()));
            }
            Err(_) => {}
        }
        let mut lease = self.pool.take_new().await?;
        let sent = self.request(&lease, &request.headers, body);
        match lease.send(sent).await {
            Ok(response) => Ok((lease, response)),
            Err(error) => Err(answer::unreachable(error.error())),
        }
    }

    fn request(&self, lease: &Lease, client: &HeaderMap, body: Bytes) -> Request<Body> {
        let mut headers = self.headers.outgoing(client);
        let url = if lease.is_http2() {
            &self.url
        } else {
            headers.insert(header::HOST, self.host.clone());
            &self.path
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.clone();
        *request.headers_mut() = headers;
        request
    }
}

fn bad_url(options: &SubgraphOptions) -> ClientError {
    ClientError::Url {
        name: options.name.clone(),
        url: options.url.clone(),
    }
}

fn usable(options: &SubgraphOptions) -> Result<Uri, ClientError> {
    let url: Uri = options.url.parse().map_err(|_| bad_url(options))?;
    if url
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(ClientError::Credentials {
            name: options.name.clone(),
        });
    }
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    match is_http && url.host().is_some_and(|host| !host.is_empty()) {
        true => Ok(url),
        false => Err(bad_url(options)),
    }
}

/// Path and host. A port that goes without saying is not said.
fn in_parts(url: &Uri) -> Option<(Uri, HeaderValue)> {
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let usual = match url.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    let host = match (url.host()?, url.port_u16()) {
        (host, Some(port)) if port != usual => format!("{host}:{port}"),
        (host, _) => host.to_owned(),
    };
    Some((path.parse().ok()?, host.parse().ok()?))
}

/// Whether the request can be sent again: it never left, the server says that it did not look at it, or it is a read
/// whose connection ended before a byte of the answer came.
fn may_repeat(error: &TrySendError<Request<Body>>, kind: RequestKind) -> bool {
    error.message().is_some()
        || refused(error.error())
        || (kind != RequestKind::Mutation && unanswered(error.error()))
}

fn refused(error: &hyper::Error) -> bool {
    let Some(error) = error
        .source()
        .and_then(|source| source.downcast_ref::<h2::Error>())
    else {
        return false;
    };
    let reason = error.reason();
    error.is_remote()
        && ((error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM))
            || (error.is_go_away() && reason == Some(h2::Reason::NO_ERROR)))
}

fn unanswered(error: &hyper::Error) -> bool {
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return true;
    }
    let io = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    io.is_some_and(|io| {
        matches!(
            io.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe
        )
    })
}
