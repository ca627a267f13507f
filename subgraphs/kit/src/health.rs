//! Liveness and readiness endpoints, and the probe that a container's health check runs. They report; they never act.

use std::time::Duration;

use axum::Json;
use http::StatusCode;
use serde_json::json;

use crate::db::Database;

/// A database that has not answered by then is not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// What `/health/ready` depends on.
#[derive(Clone)]
pub struct ServiceHealth {
    database: Database,
}

/// A health check that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("{url} did not answer: {source}")]
    Unreachable { url: String, source: reqwest::Error },
    #[error("{url} answered {status}")]
    Unhealthy { url: String, status: StatusCode },
}

impl ServiceHealth {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// 200 `{"status":"ready"}`, or 503 `{"status":"unavailable","reason"}` when the database fails or takes over 1 s.
    pub(crate) async fn ready(&self) -> (StatusCode, Json<serde_json::Value>) {
        let reason = match tokio::time::timeout(READY_TIMEOUT, self.database.ping()).await {
            Ok(Ok(())) => return (StatusCode::OK, Json(json!({"status": "ready"}))),
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready");
                "the database does not answer"
            }
            Err(_) => "the database did not answer within 1 s",
        };
        (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({"status": "unavailable", "reason": reason})),
        )
    }
}

/// GETs a health URL once, within 3 s; any answer but 2xx is an error.
pub async fn probe(url: &str) -> Result<(), ProbeError> {
    let unreachable = |source| ProbeError::Unreachable {
        url: url.to_owned(),
        source,
    };
    let client = crate::auth::http_client(url, PROBE_TIMEOUT).map_err(unreachable)?;
    let status = client.get(url).send().await.map_err(unreachable)?.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(ProbeError::Unhealthy {
            url: url.to_owned(),
            status,
        })
    }
}
