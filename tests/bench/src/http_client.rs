//! One keep-alive HTTP/1.1 connection: as little as a client can be, so that it is not what is measured.

use anyhow::Context as _;
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// An `http://` address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// `host:port`
    pub(crate) authority: String,
    pub(crate) path: String,
}

impl Endpoint {
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        let uri: Uri = url.parse().with_context(|| format!("`{url}` is no URL"))?;
        anyhow::ensure!(uri.scheme_str() == Some("http"), "`{url}` is no http:// URL");
        let host = uri.host().with_context(|| format!("`{url}` has no host"))?;
        Ok(Self {
            authority: format!("{host}:{}", uri.port_u16().unwrap_or(80)),
            path: uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
        })
    }

    /// Another path at the same place.
    pub(crate) fn at(&self, path: &str) -> Self {
        Self {
            authority: self.authority.clone(),
            path: path.to_owned(),
        }
    }
}

/// Opens again where the other side has closed.
pub(crate) struct Connection {
    endpoint: Endpoint,
    host: HeaderValue,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    pub(crate) async fn open(endpoint: &Endpoint) -> anyhow::Result<Self> {
        Ok(Self {
            endpoint: endpoint.clone(),
            host: HeaderValue::try_from(&endpoint.authority).context("the host is no header value")?,
            sender: connect(endpoint).await?,
        })
    }

    /// Posts JSON; gives the status and the whole answer.
    pub(crate) async fn post(
        &mut self,
        body: Bytes,
        authorization: Option<&HeaderValue>,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut response = self.send(Method::POST, body, authorization).await?;
        let mut whole = BytesMut::new();
        while let Some(frame) = response.body_mut().frame().await {
            if let Ok(data) = frame.context("the answer broke off")?.into_data() {
                whole.extend_from_slice(&data);
            }
        }
        Ok((response.status(), whole.freeze()))
    }

    /// Posts JSON; gives the answer's text if its status is the expected one.
    pub(crate) async fn expect(
        &mut self,
        status: StatusCode,
        body: Bytes,
        authorization: Option<&HeaderValue>,
    ) -> anyhow::Result<String> {
        let (found, body) = self.post(body, authorization).await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        anyhow::ensure!(found == status, "status {found}: {text}");
        Ok(text)
    }

    /// Posts JSON; counts the answer's bytes, and gives those that came first.
    pub(crate) async fn post_counting(
        &mut self,
        body: Bytes,
        authorization: Option<&HeaderValue>,
    ) -> anyhow::Result<(StatusCode, usize, Bytes)> {
        let mut response = self.send(Method::POST, body, authorization).await?;
        let (mut length, mut first) = (0, None);
        while let Some(frame) = response.body_mut().frame().await {
            let frame = frame.context("the answer broke off")?;
            if let Ok(data) = frame.into_data() {
                length += data.len();
                first.get_or_insert(data);
            }
        }
        Ok((response.status(), length, first.unwrap_or_default()))
    }

    async fn send(
        &mut self,
        method: Method,
        body: Bytes,
        authorization: Option<&HeaderValue>,
    ) -> anyhow::Result<http::Response<Incoming>> {
        if self.sender.ready().await.is_err() {
            self.sender = connect(&self.endpoint).await?;
        }
        let mut request = Request::builder()
            .method(method)
            .uri(self.endpoint.path.as_str())
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json");
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request
            .body(Full::new(body))
            .context("the request is malformed")?;
        self.sender
            .send_request(request)
            .await
            .with_context(|| format!("no answer from {}", self.endpoint.authority))
    }
}

/// One request on a connection of its own.
pub(crate) async fn once(method: Method, endpoint: &Endpoint) -> anyhow::Result<Bytes> {
    let mut connection = Connection::open(endpoint).await?;
    let response = connection.send(method, Bytes::new(), None).await?;
    anyhow::ensure!(
        response.status().is_success(),
        "{} answers {} at {}",
        endpoint.authority,
        response.status(),
        endpoint.path
    );
    Ok(response.into_body().collect().await?.to_bytes())
}

async fn connect(endpoint: &Endpoint) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let unreachable = || format!("cannot connect to {}", endpoint.authority);
    let stream = TcpStream::connect(&endpoint.authority)
        .await
        .with_context(unreachable)?;
    stream.set_nodelay(true).with_context(unreachable)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await.with_context(unreachable)?;
    // Ends when the sender is dropped; what goes wrong shows in the requests.
    tokio::spawn(connection);
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_http_urls() {
        let endpoint = Endpoint::parse("http://localhost/graphql?a=1").unwrap();
        assert_eq!(
            (endpoint.authority.as_str(), endpoint.path.as_str()),
            ("localhost:80", "/graphql?a=1")
        );
        assert_eq!(Endpoint::parse("http://127.0.0.1:4000").unwrap().path, "/");
        assert!(Endpoint::parse("https://localhost/graphql").is_err());
        assert!(Endpoint::parse("localhost:4000").is_err());
    }
}
