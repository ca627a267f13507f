//! `cargo run`: the whole shop, with SQLite files under a data folder.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use kit::{Shutdown, db::DatabaseUrl, events::EventFlags};
use shop::{Addresses, Caching, Databases, Options, Running};
use tempfile::TempDir;

/// The whole Causeway shop in one process: users, catalog, orders, and the gateway before them.
#[derive(Parser)]
#[command(version, about)]
struct Args {
    /// Address of the gateway
    #[arg(long, default_value = "127.0.0.1:4000", env = "CAUSEWAY_LISTEN")]
    listen: SocketAddr,
    /// Address of the users service
    #[arg(long, default_value = "127.0.0.1:4001", env = "USERS_LISTEN")]
    users_listen: SocketAddr,
    /// Address of the catalog service
    #[arg(long, default_value = "127.0.0.1:4002", env = "CATALOG_LISTEN")]
    catalog_listen: SocketAddr,
    /// Address of the orders service
    #[arg(long, default_value = "127.0.0.1:4003", env = "ORDERS_LISTEN")]
    orders_listen: SocketAddr,
    /// Folder of the SQLite files
    #[arg(long, default_value = "data", value_name = "FOLDER")]
    data: PathBuf,
    /// Use temporary databases that are gone afterwards
    #[arg(long, conflicts_with = "data")]
    ephemeral: bool,
    /// Users in the demo data of empty databases; products, bundles and orders follow from it. 0: none
    #[arg(long, default_value_t = 50, env = "SEED_SIZE")]
    seed_size: u32,
    /// Database of the users service instead of its SQLite file
    #[arg(long, env = "USERS_DATABASE_URL", hide_env_values = true)]
    users_database: Option<DatabaseUrl>,
    /// Database of the catalog service instead of its SQLite file
    #[arg(long, env = "CATALOG_DATABASE_URL", hide_env_values = true)]
    catalog_database: Option<DatabaseUrl>,
    /// Database of the orders service instead of its SQLite file
    #[arg(long, env = "ORDERS_DATABASE_URL", hide_env_values = true)]
    orders_database: Option<DatabaseUrl>,
    /// Redis that the gateway's cache and the services share, redis://HOST:PORT; without it the gateway keeps things in memory alone
    #[arg(long, env = "CAUSEWAY_REDIS_URL", hide_env_values = true, value_name = "URL")]
    redis_url: Option<String>,
    #[command(flatten)]
    events: EventFlags,
}

fn main() -> ExitCode {
    let args = Args::parse();
    // Planning recurses along the nesting of operations; see the gateway's own main.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .build();
    let ran = runtime
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(args)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", kit::command::explain(&error));
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    kit::telemetry::init("shop");
    let temporary = args.ephemeral.then(TempDir::new).transpose()?;
    let folder = temporary.as_ref().map_or(args.data.as_path(), TempDir::path);
    let files = Databases::in_folder(folder);
    let options = Options {
        addresses: Addresses {
            gateway: args.listen,
            users: args.users_listen,
            catalog: args.catalog_listen,
            orders: args.orders_listen,
        },
        databases: Databases {
            users: args.users_database.unwrap_or(files.users),
            catalog: args.catalog_database.unwrap_or(files.catalog),
            orders: args.orders_database.unwrap_or(files.orders),
        },
        seed_size: args.seed_size,
        timeout: Duration::from_secs(5),
        cache: args.redis_url.map_or(Caching::Memory, Caching::Redis),
        events: args.events.target()?,
    };
    let databases = options.databases.clone();
    let running = shop::start(options, Shutdown::on_signals()).await?;
    greet(&running, &databases, args.seed_size);
    running.wait().await?;
    println!("The shop is closed.");
    Ok(())
}

fn greet(running: &Running, databases: &Databases, seed_size: u32) {
    let gateway = running.gateway;
    println!(
        "
Causeway's shop is open. Ctrl-C closes it.

  GraphiQL   http://{gateway}/            the place to start
  GraphQL    http://{gateway}/graphql
  users      http://{}/graphql     {}
  catalog    http://{}/graphql     {}
  orders     http://{}/graphql     {}
",
        running.users.addr,
        databases.users,
        running.catalog.addr,
        databases.catalog,
        running.orders.addr,
        databases.orders,
    );
    if seed_size > 0 {
        println!(
            "  Demo user  handle \"ada\", password \"causeway-demo\" (all seeded users have this password)\n"
        );
    }
    println!("A first query, over all three services:

  curl http://{gateway}/graphql -H 'content-type: application/json' -H 'causeway-explain: 1' \\
    -d '{{\"query\":\"{{ orders(first: 3) {{ nodes {{ id buyer {{ displayName }} lines {{ product {{ name }} }} }} }} }}\"}}'
");
}
