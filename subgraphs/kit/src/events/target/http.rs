//! An HTTP endpoint, such as the gateway's own: POST of a JSON array.

use futures::future::BoxFuture;
use http::{HeaderValue, StatusCode, header};
use reqwest::{Client, Response, Url};

use super::{PUBLISH_TIMEOUT, PublishError, Publisher, TargetError};

/// Characters of a refusal's body that are worth a place in the log.
const REASON_LENGTH: usize = 300;

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
                status => Err(PublishError::Refused {
                    status,
                    reason: reason(answer).await,
                }),
            }
        })
    }
}

/// How the body begins, on one line. What does not come in time is left out.
async fn reason(mut answer: Response) -> String {
    const LONGEST_CHARACTER: usize = 4;
    let mut body = Vec::new();
    while body.len() <= REASON_LENGTH * LONGEST_CHARACTER
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8_lossy(&body);
    let mut characters = body
        .trim()
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character });
    let mut reason: String = characters.by_ref().take(REASON_LENGTH).collect();
    if reason.is_empty() {
        reason.push_str("it gives no reason");
    } else if characters.next().is_some() {
        reason.push('…');
    }
    reason
}
