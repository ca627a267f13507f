//! `cold_herd`: all clients ask at the same moment for one thing that has just ended. How often is the subgraph asked?

use std::{fmt::Write as _, sync::Arc, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use futures::future::try_join_all;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::{
    sync::Barrier,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    fleet::Fleet,
    http_client::Connection,
    lineup::{self, ADMIN_KEY, KEPT, Starter},
    report::aligned,
    statistics::median,
    target::Target,
};

/// How long it takes what is to expire. A herd has to be through before it expires again.
const SHORT: Duration = Duration::from_secs(3);

/// How to measure.
pub(crate) struct Herds {
    pub(crate) clients: usize,
    pub(crate) keys: usize,
    pub(crate) latency: Duration,
}

/// What is asked for, why it is not there any more, and how the clients' requests differ.
#[derive(Clone, Copy)]
struct Kind {
    /// Through an order, as an entity; else as a root field.
    by_reference: bool,
    expired: bool,
    requests: Requests,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Requests {
    Equal,
    /// In the operation's name: other requests for a gateway, the same for subgraphs.
    Names,
    /// In aliases too: other requests for subgraphs as well.
    Aliases,
}

/// One way to ask, on some gateways.
pub(crate) struct Row {
    gateways: usize,
    kind: Kind,
    /// To the subgraph that has it, by key.
    calls: Vec<u64>,
    /// Until the last client has its answer, by key.
    millis: Vec<f64>,
}

const KINDS: [Kind; 8] = [
    kind(false, false, Requests::Equal),
    kind(false, false, Requests::Names),
    kind(false, false, Requests::Aliases),
    kind(false, true, Requests::Names),
    kind(true, false, Requests::Equal),
    kind(true, false, Requests::Names),
    kind(true, false, Requests::Aliases),
    kind(true, true, Requests::Names),
];

const fn kind(by_reference: bool, expired: bool, requests: Requests) -> Kind {
    Kind {
        by_reference,
        expired,
        requests,
    }
}

/// One gateway, then four with Redis, where it is installed.
pub(crate) async fn measure(starter: &Starter<'_>, fleet: &Fleet, herds: &Herds) -> anyhow::Result<Vec<Row>> {
    fleet.set_latency(herds.latency).await?;
    let redis = lineup::redis().await?;
    let mut rows = Vec::new();
    for kind in KINDS {
        let one = lineup::gang(starter, 1, None).await?;
        rows.push(measure_kind(&one, fleet, herds, kind).await?);
    }
    for kind in KINDS {
        if redis.is_some() {
            let four = lineup::gang(starter, 4, redis.as_ref()).await?;
            rows.push(measure_kind(&four, fleet, herds, kind).await?);
        }
    }
    Ok(rows)
}

async fn measure_kind(gang: &[Target], fleet: &Fleet, herds: &Herds, kind: Kind) -> anyhow::Result<Row> {
    let place = |client: usize| &gang[client % gang.len()].endpoint;
    let connecting = (0..herds.clients).map(|client| Connection::open(place(client)));
    let mut clients = try_join_all(connecting).await?;
    // Documents are prepared, and keys known, before it counts.
    let lasting = if kind.expired { SHORT } else { KEPT };
    fleet.set_freshness(lasting).await?;
    let unmeasured = herds.keys;
    rush(&mut clients, kind, unmeasured).await?;
    for key in 0..herds.keys {
        for client in clients.iter_mut().take(gang.len()) {
            ask(client, body(kind, 0, key), key).await?;
        }
    }
    if kind.expired {
        sleep(SHORT + Duration::from_millis(100)).await;
    }
    let mut row = Row {
        gateways: gang.len(),
        kind,
        calls: Vec::new(),
        millis: Vec::new(),
    };
    for key in 0..herds.keys {
        if !kind.expired {
            invalidate(&gang[0], key).await?;
        }
        fleet.reset().await?;
        let took = rush(&mut clients, kind, key).await?;
        row.millis.push(took.as_secs_f64() * 1000.0);
        row.calls.push(fleet.calls().await?["goods"].calls);
    }
    Ok(row)
}

/// All at once; gives how long it took until the last one had his answer.
async fn rush(clients: &mut Vec<Connection>, kind: Kind, key: usize) -> anyhow::Result<Duration> {
    let gate = Arc::new(Barrier::new(clients.len() + 1));
    let mut running = JoinSet::new();
    for (number, mut client) in clients.drain(..).enumerate() {
        let gate = Arc::clone(&gate);
        running.spawn(async move {
            let body = body(kind, number, key);
            gate.wait().await;
            let answered = ask(&mut client, body, key).await;
            (number, client, answered)
        });
    }
    gate.wait().await;
    let start = Instant::now();
    let mut back = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (number, client, answered) = ended.context("a client ended badly")?;
        answered?;
        back.push((number, client));
    }
    let took = start.elapsed();
    back.sort_by_key(|(number, _)| *number);
    clients.extend(back.into_iter().map(|(_, client)| client));
    Ok(took)
}

fn body(kind: Kind, client: usize, key: usize) -> Bytes {
    let name = match kind.requests {
        Requests::Equal => "Herd".to_owned(),
        Requests::Names | Requests::Aliases => format!("Herd{client}"),
    };
    let alias = |of: &str| match kind.requests {
        Requests::Aliases => format!("{of}{client}: {of}"),
        Requests::Equal | Requests::Names => of.to_owned(),
    };
    let (product, fields) = (alias("product"), format!("id {} description", alias("name")));
    let (selection, id) = match kind.by_reference {
        true => (
            format!("order(id: $id) {{ lines {{ {product} {{ {fields} }} }} }}"),
            format!("k{key}"),
        ),
        false => (format!("{product}(id: $id) {{ {fields} }}"), format!("p{key}")),
    };
    let query = format!("query {name}($id: ID!) {{ {selection} }}");
    let body = json!({ "query": query, "variables": { "id": id } });
    body.to_string().into()
}

async fn ask(client: &mut Connection, body: Bytes, key: usize) -> anyhow::Result<()> {
    let answer = client.expect(StatusCode::OK, body, None).await?;
    let is_right = answer.contains(&format!("Useful Thing No. {key}\"")) && !answer.contains("\"errors\"");
    anyhow::ensure!(is_right, "not about p{key}: {answer}");
    Ok(())
}

async fn invalidate(gateway: &Target, key: usize) -> anyhow::Result<()> {
    let admin = gateway.admin.as_ref().context("nobody listens")?;
    let event = json!({ "subgraph": "goods", "type": "Product", "key": { "id": format!("p{key}") } });
    let mut connection = Connection::open(admin).await?;
    let key = HeaderValue::from_static(ADMIN_KEY);
    let body = event.to_string().into();
    connection.expect(StatusCode::ACCEPTED, body, Some(&key)).await?;
    Ok(())
}

impl Kind {
    fn name(self) -> String {
        format!(
            "{}, {}, requests {}",
            if self.by_reference { "entity" } else { "root field" },
            if self.expired { "expired" } else { "invalidated" },
            match self.requests {
                Requests::Equal => "equal",
                Requests::Names => "differ in name",
                Requests::Aliases => "differ in aliases",
            }
        )
    }
}

impl Row {
    fn gateways(&self) -> &'static str {
        if self.gateways == 1 {
            "one gateway"
        } else {
            "four, Redis"
        }
    }

    /// Least, middle and most.
    #[expect(clippy::cast_precision_loss, reason = "a few calls")]
    fn calls(&self) -> (u64, f64, u64) {
        let (least, most) = (self.calls.iter().min(), self.calls.iter().max());
        let middle = median(self.calls.iter().map(|calls| *calls as f64));
        (*least.unwrap_or(&0), middle, *most.unwrap_or(&0))
    }
}

impl Herds {
    pub(crate) fn table(&self, rows: &[Row]) -> String {
        let header = ["what is asked for", "calls/key", "min", "max", "last answer ms"];
        let mut lines = vec![header.map(str::to_owned).to_vec()];
        for row in rows {
            let (least, middle, most) = row.calls();
            lines.push(vec![
                format!("{}: {}", row.gateways(), row.kind.name()),
                format!("{middle}"),
                least.to_string(),
                most.to_string(),
                format!("{:.0}", median(row.millis.iter().copied())),
            ]);
        }
        let mut text = format!(
            "\ncold_herd: {} clients at once, {} keys one after another, {:?} a call\n",
            self.clients, self.keys, self.latency
        );
        let _ = write!(text, "{}", aligned(&lines));
        text
    }

    pub(crate) fn json(&self, rows: &[Row]) -> Value {
        let row = |row: &Row| {
            json!({
                "gateways": row.gateways, "what": row.kind.name(), "calls": row.calls, "millis": row.millis,
            })
        };
        json!({
            "scenario": "cold_herd", "clients": self.clients, "latency_millis": self.latency.as_millis(),
            "rows": rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}
