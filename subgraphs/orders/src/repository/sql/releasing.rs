//! What the reconciler reads and writes: placings that got stuck, and releases that catalog has not acknowledged.

use kit::on_engine;

use super::SqlRepository;
use crate::repository::{DueRelease, RepositoryError};

#[derive(sqlx::FromRow)]
struct DueRow {
    id: String,
    reservation_id: String,
}

impl From<DueRow> for DueRelease {
    fn from(row: DueRow) -> Self {
        Self {
            order_id: row.id,
            reservation_id: row.reservation_id,
        }
    }
}

impl SqlRepository {
    pub(super) async fn read_stale(
        &self,
        created_before: i64,
        limit: u32,
    ) -> Result<Vec<String>, RepositoryError> {
        let ids = on_engine!(self.db, pool => {
            sqlx::query_scalar(
                "SELECT id FROM orders WHERE status = 'PENDING' AND created_at < $1 ORDER BY created_at LIMIT $2",
            )
            .bind(created_before)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await
        })?;
        Ok(ids)
    }

    pub(super) async fn read_releases_due(&self, limit: u32) -> Result<Vec<DueRelease>, RepositoryError> {
        let rows: Vec<DueRow> = on_engine!(self.db, pool => {
            sqlx::query_as(
                "SELECT id, reservation_id FROM orders WHERE release_pending = 1 AND reservation_id IS NOT NULL \
                 ORDER BY release_attempts, id LIMIT $1",
            )
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await
        })?;
        Ok(rows.into_iter().map(DueRelease::from).collect())
    }

    pub(super) async fn read_release_due(
        &self,
        order_id: &str,
    ) -> Result<Option<DueRelease>, RepositoryError> {
        let row: Option<DueRow> = on_engine!(self.db, pool => {
            sqlx::query_as(
                "SELECT id, reservation_id FROM orders \
                 WHERE id = $1 AND release_pending = 1 AND reservation_id IS NOT NULL",
            )
            .bind(order_id)
            .fetch_optional(pool)
            .await
        })?;
        Ok(row.map(DueRelease::from))
    }

    pub(super) async fn write_release_done(&self, order_id: &str) -> Result<(), RepositoryError> {
        on_engine!(self.db, pool => {
            sqlx::query("UPDATE orders SET release_pending = 0 WHERE id = $1")
                .bind(order_id)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    pub(super) async fn write_release_missed(&self, order_id: &str) -> Result<(), RepositoryError> {
        on_engine!(self.db, pool => {
            sqlx::query("UPDATE orders SET release_attempts = release_attempts + 1 WHERE id = $1")
                .bind(order_id)
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }
}
