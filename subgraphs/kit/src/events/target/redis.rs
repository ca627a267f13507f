//! A Redis stream: one entry an event, in its field `event`.

use futures::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};

use super::{PUBLISH_TIMEOUT, PublishError, Publisher};

/// Entries that the stream keeps, about: Redis trims whole blocks. A reader that falls further behind sees a gap.
const MAX_LENGTH: u32 = 100_000;

/// Connects when it has something to publish, and anew after any error: the server may have become a replica, or another
/// one may be behind the name by now.
pub(super) struct Stream {
    client: Client,
    stream: String,
    connection: Option<MultiplexedConnection>,
}

impl Stream {
    pub(super) fn new(client: Client, stream: String) -> Self {
        Self {
            client,
            stream,
            connection: None,
        }
    }

    async fn add(&mut self, events: &[String]) -> Result<(), PublishError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                // The one deadline is ours, around everything.
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(None)
                    .set_response_timeout(None);
                self.client
                    .get_multiplexed_async_connection_with_config(&config)
                    .await?
            }
        };
        let mut pipeline = redis::pipe();
        for event in events {
            pipeline
                .cmd("XADD")
                .arg(&self.stream)
                .arg("MAXLEN")
                .arg("~")
                .arg(MAX_LENGTH)
                .arg("*")
                .arg("event")
                .arg(event)
                .ignore();
        }
        pipeline.query_async::<()>(&mut connection).await?;
        self.connection = Some(connection);
        Ok(())
    }
}

impl Publisher for Stream {
    fn publish<'a>(&'a mut self, events: &'a [String]) -> BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            tokio::time::timeout(PUBLISH_TIMEOUT, self.add(events))
                .await
                .unwrap_or(Err(PublishError::Timeout))
        })
    }
}
