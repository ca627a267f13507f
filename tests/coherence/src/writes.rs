//! Entities get a newer version, and everybody is told.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::gateway::KEYED;
use crate::http::Connection;
use crate::ledger::Ledger;
use crate::redis::Redis;
use crate::subgraph::{slug, tag, type_of};

/// How an invalidation is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Entity,
    /// By another key than that by which the gateways ask.
    OtherKey,
    Type,
    Subgraph,
    Tag,
    Mutation,
    Stream,
}

pub const ROUTES: [Route; 7] = [
    Route::Entity,
    Route::OtherKey,
    Route::Type,
    Route::Subgraph,
    Route::Tag,
    Route::Mutation,
    Route::Stream,
];

impl Route {
    pub fn draw(random: &mut StdRng) -> Self {
        match random.random_range(0..100) {
            0..20 => Self::Entity,
            20..30 => Self::OtherKey,
            30..32 => Self::Type,
            32..34 => Self::Subgraph,
            34..56 => Self::Tag,
            56..76 => Self::Mutation,
            _ => Self::Stream,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Entity => "entity",
            Self::OtherKey => "other key",
            Self::Type => "type",
            Self::Subgraph => "subgraph",
            Self::Tag => "tag",
            Self::Mutation => "mutation",
            Self::Stream => "stream",
        }
    }

    /// What else a write that ends so much raises.
    pub fn things(self, random: &mut StdRng, thing: usize, count: usize) -> Vec<usize> {
        let others = (0..5).map(|_| random.random_range(0..count));
        match self {
            Self::Type => others
                .filter(|other| other % 2 == thing % 2)
                .chain([thing])
                .collect(),
            Self::Subgraph => others.chain([thing]).collect(),
            _ => vec![thing],
        }
    }
}

/// Of one thing, as it stands on the stream and in a request of administration.
fn event(route: Route, thing: usize) -> Value {
    let ty = type_of(thing);
    match route {
        Route::Type => json!({ "subgraph": "table", "type": ty }),
        Route::Subgraph => json!({ "subgraph": "table" }),
        Route::Tag => json!({ "subgraph": "table", "tag": tag(thing) }),
        Route::OtherKey if ty == "Part" => {
            json!({ "subgraph": "table", "type": ty, "key": { "slug": slug(thing) } })
        }
        _ => json!({ "subgraph": "table", "type": ty, "key": { "id": thing.to_string() } }),
    }
}

/// The ways of one writer to gateways and Redis.
pub struct Ways {
    pub gateways: Vec<Way>,
    pub redis: Redis,
}

pub struct Way {
    pub graphql: Connection,
    pub admin: Connection,
    pub metrics: Connection,
}

/// What became of an attempt.
pub enum Outcome {
    Acknowledged,
    /// It may not have reached everybody.
    Uncertain,
    /// What must not happen.
    Failed(String),
}

impl Ways {
    pub fn graphql(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.gateways.iter_mut().map(|way| &mut way.graphql)
    }

    /// Tries once, at a gateway by its place. What was raised before this is acknowledged by the caller; a mutation raises by itself, and
    /// acknowledges what it is answered.
    pub async fn tell(&mut self, route: Route, thing: usize, gateway: usize, ledger: &Ledger) -> Outcome {
        match route {
            Route::Mutation => self.mutate(thing, gateway, ledger).await,
            Route::Stream => match self.redis.say(&event(route, thing).to_string()).await {
                Some(()) => Outcome::Acknowledged,
                None => Outcome::Uncertain,
            },
            _ => {
                let body = event(route, thing).to_string();
                match self.gateways[gateway]
                    .admin
                    .post("/invalidation", KEYED, &body)
                    .await
                {
                    Ok(answer) if answer.status == 202 => Outcome::Acknowledged,
                    Ok(answer) if answer.status == 503 => Outcome::Uncertain,
                    Ok(answer) => {
                        let body = String::from_utf8_lossy(&answer.body).into_owned();
                        Outcome::Failed(format!("an invalidation was answered {}: {body}", answer.status))
                    }
                    Err(error) => Outcome::Failed(format!("an invalidation was not answered: {error}")),
                }
            }
        }
    }

    /// A client of a mutation is not told when its event may not have reached everybody; the gateway's metrics tell.
    async fn mutate(&mut self, thing: usize, gateway: usize, ledger: &Ledger) -> Outcome {
        let way = &mut self.gateways[gateway];
        let before = way.unspread().await;
        let body = json!({ "query": "mutation($id: ID!) { raise(id: $id) }", "variables": { "id": thing.to_string() } });
        let answer = match way.graphql.post("/graphql", "", &body.to_string()).await {
            Ok(answer) => answer,
            Err(error) => return Outcome::Failed(format!("a mutation was not answered: {error}")),
        };
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let Some(version) = told["data"]["raise"].as_u64() else {
            return Outcome::Failed(format!("a mutation was answered {told}"));
        };
        if before.is_none() || before != way.unspread().await {
            return Outcome::Uncertain;
        }
        ledger.acknowledge(thing, version, Route::Mutation.name());
        Outcome::Acknowledged
    }
}

impl Way {
    async fn unspread(&mut self) -> Option<u64> {
        let answer = self.metrics.get("/metrics", "").await.ok()?;
        let text = String::from_utf8(answer.body).ok()?;
        let line = text
            .lines()
            .find(|line| line.contains("invalidations_unspread_total"))?;
        line.rsplit(' ').next()?.parse().ok()
    }
}
