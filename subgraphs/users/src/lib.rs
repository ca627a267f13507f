//! The users service: accounts, signing up and in, and the keys that the shop's tokens are checked with. A
//! federation subgraph at /graphql, with the public key at /.well-known/jwks.json.

mod error;
mod graphql;
mod model;
mod repository;
mod seed;
mod service;
mod signing_key;
mod tags;

use anyhow::Context;
use kit::db::{Database, DatabaseUrl, Migrations, Outbox};
use kit::events::{Relay, Target};
use kit::{Running, ServiceHealth, Shutdown};
use tokio::net::TcpListener;

use repository::{SqlUsers, UserRepository};
use service::Passwords;

pub use graphql::sdl;
pub use signing_key::{SigningKey, SigningKeyError};

/// The service's name in the gateway's configuration.
const SUBGRAPH: &str = "users";

/// What the service needs to run.
#[derive(Clone, Debug)]
pub struct Options {
    pub database: DatabaseUrl,
    /// Number of demo users that an empty database is filled with; 0 leaves it empty.
    pub seed_size: u32,
    /// The key that tokens are signed with; `None`: one is made at the first start and kept in the database.
    pub signing_key: Option<SigningKey>,
    /// Where to tell what changed; `None`: nobody is told.
    pub events: Option<Target>,
}

/// Opens the database (migrating it, and seeding it when empty), then serves on the listener until shutdown.
/// Errors when the database cannot be opened, migrated or seeded, or its signing key is damaged; nothing is served then.
pub async fn start(listener: TcpListener, options: Options, shutdown: Shutdown) -> anyhow::Result<Running> {
    let database = connect(&options.database).await?;
    serve(listener, database, options, shutdown).await
}

async fn connect(url: &DatabaseUrl) -> anyhow::Result<Database> {
    let migrations = Migrations {
        sqlite: sqlx::migrate!("migrations/sqlite"),
        postgres: sqlx::migrate!("migrations/postgres"),
    };
    Ok(Database::connect(url, migrations).await?)
}

async fn serve(
    listener: TcpListener,
    database: Database,
    options: Options,
    shutdown: Shutdown,
) -> anyhow::Result<Running> {
    let database = match options.events {
        Some(_) => database.announcing(Outbox::of(SUBGRAPH)),
        None => database,
    };
    let repository = SqlUsers::new(database.clone());
    if options.seed_size > 0 {
        seed(&repository, options.seed_size)
            .await
            .context("cannot load the demo users")?;
    }
    let signer = signing_key::signer(options.signing_key, &repository).await?;
    let passwords = Passwords::new().await?;
    let router = graphql::router(
        repository,
        passwords,
        signer,
        ServiceHealth::new(database.clone()),
    );
    let relay = options
        .events
        .map(|target| Relay::start(&database, &target))
        .transpose()?;
    Ok(kit::serve(listener, router, shutdown).afterwards(async move {
        if let Some(relay) = relay {
            relay.stop().await;
        }
        database.close().await;
    }))
}

async fn seed(repository: &SqlUsers, count: u32) -> anyhow::Result<()> {
    let accounts = tokio::task::spawn_blocking(move || seed::accounts(count)).await??;
    if repository.add_to_empty(&accounts).await? {
        let (handle, password) = (seed::DEMO_HANDLE, seed::DEMO_PASSWORD);
        tracing::info!(
            users = count,
            handle,
            password,
            "loaded the demo users; sign in as this one"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
