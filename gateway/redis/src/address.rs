//! Where Redis is, and connections to it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, try_join_all};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::io::tcp::TcpSettings;
use redis::sentinel::{Sentinel, SentinelNodeConnectionInfo};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisResult, TlsMode, Value,
};

/// What is wrong with a URL of Redis. Never says the password in it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the Redis URL is not of the form redis://[user:password@]host[:port][/database], \
     redis+sentinel://[user:password@]host[:port],.../master[/database] or redis+cluster://[user:password@]host[:port],... \
     (with TLS: rediss instead of redis): {reason}"
)]
pub struct InvalidUrl {
    reason: String,
}

/// Where Redis is: a parsed URL.
///
/// - `redis://[user:password@]host[:port][/database]`: one server
/// - `redis+sentinel://[user:password@]host[:port],…/master[/database]`: whichever server the sentinels call the master of this
///   name. User and password are the server's; the sentinels are asked without.
/// - `redis+cluster://[user:password@]host[:port],…`: a cluster that some of these belong to
///
/// `rediss` instead of `redis` means TLS, for sentinels as well; certificates are checked against the system's.
pub(crate) struct Address {
    kind: Kind,
    /// Without user and password.
    name: String,
    attempts: AtomicUsize,
}

enum Kind {
    Single(Box<Client>),
    Sentinel(Box<Sentinels>),
    Cluster(Box<ClusterClient>),
}

struct Sentinels {
    hosts: Vec<ConnectionInfo>,
    master: String,
    node: SentinelNodeConnectionInfo,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The parts of a URL as text.
struct Parts<'a> {
    /// `redis` or `rediss`.
    scheme: &'a str,
    /// `user:password@` or nothing.
    credentials: &'a str,
    hosts: Vec<&'a str>,
    /// After the hosts, without the first slash.
    path: &'a str,
}

impl Address {
    /// `connect_timeout` bounds a cluster's single connections; see [`Address::connect`].
    pub(crate) fn parse(url: &str, connect_timeout: Duration) -> Result<Self, InvalidUrl> {
        let Some((scheme, rest)) = url.trim().split_once("://") else {
            return Err(invalid("it has no scheme"));
        };
        let (scheme, form) = scheme.split_once('+').unwrap_or((scheme, ""));
        if !matches!(scheme, "redis" | "rediss") {
            return Err(invalid("its scheme is neither redis nor rediss"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = match authority.rfind('@') {
            Some(at) => authority.split_at(at + 1),
            None => ("", authority),
        };
        let parts = Parts {
            scheme,
            credentials,
            hosts: hosts.split(',').collect(),
            path,
        };
        let kind = match form {
            "" if parts.hosts.len() == 1 => {
                Kind::Single(Box::new(Client::open(info(&parts, parts.hosts[0], path)?)?))
            }
            "" => {
                return Err(invalid(
                    "several hosts are either sentinels (redis+sentinel) or of a cluster (redis+cluster)",
                ));
            }
            "sentinel" => sentinel(&parts)?,
            "cluster" => cluster(&parts, connect_timeout)?,
            _ => return Err(invalid("after the + comes either sentinel or cluster")),
        };
        Ok(Self {
            kind,
            name: url.trim().replacen(credentials, "", 1),
            attempts: AtomicUsize::new(0),
        })
    }

    /// Whether one server does what is sent in one go.
    pub(crate) fn keeps_order(&self) -> bool {
        !matches!(self.kind, Kind::Cluster(_))
    }

    /// A new connection of its own. May take as long as it wants: bound it.
    pub(crate) async fn connect(&self) -> RedisResult<Connection> {
        // Whoever calls has a deadline for each answer; what the connection itself adds is a last resort.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(1024);
        let client = match &self.kind {
            Kind::Single(client) => &**client,
            Kind::Sentinel(sentinels) => {
                let mut hosts = sentinels.hosts.clone();
                // One that hangs must not be the first each time.
                let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
                let first = attempt % hosts.len();
                hosts.rotate_left(first);
                &Sentinel::build(hosts)?
                    .async_master_for(&sentinels.master, Some(&sentinels.node))
                    .await?
            }
            Kind::Cluster(cluster) => {
                return Ok(Connection::Cluster(cluster.get_async_connection().await?));
            }
        };
        Ok(Connection::Single(
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await?,
        ))
    }
}

fn info(parts: &Parts<'_>, host: &str, path: &str) -> Result<ConnectionInfo, InvalidUrl> {
    if host.is_empty() {
        return Err(invalid("a host is missing"));
    }
    let url = format!("{}://{}{host}/{path}", parts.scheme, parts.credentials);
    let info = url.into_connection_info()?;
    Ok(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

fn sentinel(parts: &Parts<'_>) -> Result<Kind, InvalidUrl> {
    let (master, database) = parts.path.split_once('/').unwrap_or((parts.path, ""));
    if master.is_empty() {
        return Err(invalid("the master's name is missing after the sentinels"));
    }
    let server = info(parts, parts.hosts[0], database)?;
    let mut node = SentinelNodeConnectionInfo::default()
        .set_redis_connection_info(server.redis_settings().clone())
        .set_tcp_settings(server.tcp_settings().clone());
    if matches!(server.addr(), ConnectionAddr::TcpTls { .. }) {
        node = node.set_tls_mode(TlsMode::Secure);
    }
    let sentinels = parts.hosts.iter().map(|host| {
        let (host, port) = host.rsplit_once(':').unwrap_or((host, "26379"));
        let info = info(parts, &format!("{host}:{port}"), "")?;
        Ok(info.set_redis_settings(RedisConnectionInfo::default()))
    });
    Ok(Kind::Sentinel(Box::new(Sentinels {
        hosts: sentinels.collect::<Result<_, InvalidUrl>>()?,
        master: master.to_owned(),
        node,
    })))
}

fn cluster(parts: &Parts<'_>, connect_timeout: Duration) -> Result<Kind, InvalidUrl> {
    if !parts.path.is_empty() {
        return Err(invalid("a cluster has no databases to choose from"));
    }
    let nodes = parts.hosts.iter().map(|host| info(parts, host, ""));
    let nodes: Vec<ConnectionInfo> = nodes.collect::<Result<_, _>>()?;
    let client = ClusterClientBuilder::new(nodes)
        .connection_timeout(connect_timeout)
        .response_timeout(Duration::from_secs(10))
        .tcp_settings(TcpSettings::default().set_nodelay(true))
        .retries(2)
        .build()?;
    Ok(Kind::Cluster(Box::new(client)))
}

fn invalid(reason: &str) -> InvalidUrl {
    InvalidUrl {
        reason: reason.to_owned(),
    }
}

impl From<redis::RedisError> for InvalidUrl {
    fn from(error: redis::RedisError) -> Self {
        invalid(&error.to_string())
    }
}

/// Cloning is shallow: clones share one socket (a cluster's: one a node).
#[derive(Clone)]
pub(crate) enum Connection {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Runs commands, on one server in their order and in one go; in a cluster only the commands of one key have an order, and
    /// only if they are in different calls. Answers in the order of the commands; a command that the server refuses is a
    /// [`Value::ServerError`].
    pub(crate) async fn run(&mut self, commands: Vec<Cmd>) -> RedisResult<Vec<Value>> {
        match self {
            Self::Single(connection) => {
                let count = commands.len();
                let mut pipeline = Pipeline::with_capacity(count);
                for command in commands {
                    pipeline.add_command(command);
                }
                connection.req_packed_commands(&pipeline, 0, count).await
            }
            Self::Cluster(connection) => {
                let each = commands
                    .into_iter()
                    .map(|command| -> BoxFuture<'static, RedisResult<Value>> {
                        let mut connection = connection.clone();
                        Box::pin(async move { told(connection.req_packed_command(&command).await) })
                    });
                try_join_all(each).await
            }
        }
    }
}

/// A cluster's connection reports what a server refused as its own error.
fn told(answer: RedisResult<Value>) -> RedisResult<Value> {
    answer.or_else(|error| redis::ServerError::try_from(error).map(Value::ServerError))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, InvalidUrl> {
        Address::parse(url, Duration::from_secs(1))
    }

    #[test]
    fn urls_of_all_forms_are_taken() {
        for (url, name) in [
            ("redis://localhost", "redis://localhost"),
            ("redis://:secret@10.0.0.1:6380/2", "redis://10.0.0.1:6380/2"),
            ("rediss://me:se%40cret@host", "rediss://host"),
            (
                "redis+sentinel://me:secret@a,b:26380/main/1",
                "redis+sentinel://a,b:26380/main/1",
            ),
            ("redis+cluster://a:7000,b:7001", "redis+cluster://a:7000,b:7001"),
            ("rediss+cluster://:secret@a", "rediss+cluster://a"),
        ] {
            match parse(url) {
                Ok(address) => assert_eq!(address.to_string(), name),
                Err(error) => panic!("{url}: {error}"),
            }
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_saying_the_password() {
        for url in [
            "localhost:6379",
            "http://:secret@localhost",
            "redis://:secret@",
            "redis://:secret@a,b",
            "redis://:secret@a/nonsense",
            "redis+sentinel://:secret@a,b",
            "redis+cluster://:secret@a,,b",
            "redis+cluster://:secret@a/1",
            "redis+other://:secret@a",
        ] {
            match parse(url) {
                Ok(_) => panic!("{url} was taken"),
                Err(error) => assert!(!error.to_string().contains("secret"), "{error}"),
            }
        }
    }
}
