//! An HTTP endpoint, such as the gateway's own: POST of a JSON array.

use futures::future::BoxFuture;
use http::{HeaderValue, StatusCode, header};
use reqwest::{Client, Url};

use super::{PUBLISH_TIMEOUT, PublishError, Publisher, TargetError};

pub(super) struct Endpoint {
    client: Client,
    url: Url,
    key: HeaderValue,
}

impl Endpoint {
    pub(super) fn new(url: Url, key: HeaderValue) -> Result<Self, TargetError> {
        let client = crate::auth::http_client(url.as_str(), PUBLISH_TIMEOUT)?;
        Ok(Self { client, url, key })
    }
}

impl Publisher for Endpoint {
    fn publish<'a>(&'a mut self, events: &'a [String]) -> BoxFuture<'a, Result<(), PublishError>> {
        // Each event is JSON already.
        let body = format!("[{}]", events.join(","));
        let request = self
            .client
            .post(self.url.clone())
            .header(header::AUTHORIZATION, self.key.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        Box::pin(async move {
            let answer = request.send().await.map_err(|error| {
                let error = anyhow::Error::new(error.without_url());
                PublishError::Http(crate::command::explain(&error))
            })?;
            match answer.status() {
                StatusCode::ACCEPTED => Ok(()),
                status => Err(PublishError::Refused(status)),
            }
        })
    }
}
