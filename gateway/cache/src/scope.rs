//! Who may see what is kept: the part of a record's key that is not about the entity.

use causeway_executor::Partition;
use http::HeaderMap;

use crate::{
    freshness::Audience,
    options::{Identity, SubgraphCaching},
    port::RecordKey,
};

/// The audiences that a request belongs to, each with what its keys begin with.
pub(crate) struct Scopes {
    all: Vec<(Audience, [u8; 32])>,
}

impl Scopes {
    /// `schema` stands for the subgraph as it is composed now: what was kept under another schema may have another meaning.
    pub(crate) fn new(
        schema: &[u8; 32],
        options: &SubgraphCaching,
        partition: Partition,
        headers: &HeaderMap,
    ) -> Self {
        let begin = |audience: &[u8]| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(schema);
            hasher.update(audience);
            for name in &options.vary {
                for value in headers.get_all(name) {
                    hasher.update(b"\0");
                    hasher.update(value.as_bytes());
                }
                hasher.update(b"\x01");
            }
            hasher
        };
        let mut all = vec![(Audience::Public, *begin(b"public").finalize().as_bytes())];
        let everybody = options.public || partition == Partition::EVERYBODY;
        if !everybody {
            let mut hasher = begin(b"seen");
            hasher.update(&partition.0.to_le_bytes());
            all.push((Audience::AsSeen, *hasher.finalize().as_bytes()));
        }
        if let Some(identity) = options
            .identity
            .as_ref()
            .and_then(|identity| identity.of(headers))
        {
            let mut hasher = begin(b"private");
            hasher.update(&identity);
            all.push((Audience::Private, *hasher.finalize().as_bytes()));
        }
        Self { all }
    }

    pub(crate) fn keys(&self, parts: &[&[u8]]) -> Vec<RecordKey> {
        let one = |(_, prefix): &(Audience, [u8; 32])| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(prefix);
            for part in parts {
                hasher.update(part);
            }
            let mut half = [0; 16];
            hasher.finalize_xof().fill(&mut half);
            RecordKey(u128::from_le_bytes(half))
        };
        self.all.iter().map(one).collect()
    }

    /// Which of a subject's keys an answer for an audience is kept under. `None`: it is not kept.
    pub(crate) fn index(&self, audience: Audience) -> Option<usize> {
        let wanted = match audience {
            // Nobody can be told from anybody.
            Audience::AsSeen if !self.has(Audience::AsSeen) => Audience::Public,
            other => other,
        };
        self.all.iter().position(|(known, _)| *known == wanted)
    }

    /// Whether an answer for the audience is not for everybody.
    pub(crate) fn is_private(&self, audience: Audience) -> bool {
        match audience {
            Audience::Public => false,
            Audience::AsSeen => self.has(Audience::AsSeen),
            Audience::Private => true,
        }
    }

    fn has(&self, audience: Audience) -> bool {
        self.all.iter().any(|(known, _)| *known == audience)
    }
}

impl Identity {
    /// A hash: who somebody is stands in no key and no memory.
    fn of(&self, headers: &HeaderMap) -> Option<[u8; 32]> {
        let text = |value: &http::HeaderValue| Some(*blake3::hash(value.as_bytes()).as_bytes());
        match self {
            Self::Header(name) => {
                let mut values = headers.get_all(name).iter();
                let value = values.next().filter(|value| !value.is_empty())?;
                // Two of them: it is not certain whom the subgraph believes.
                values.next().is_none().then(|| text(value))?
            }
            Self::Claim { header, claim } => {
                let mut values = headers.get_all(header).iter();
                let value = values.next()?.to_str().ok()?;
                if values.next().is_some() {
                    return None;
                }
                let token = value.strip_prefix("Bearer ").unwrap_or(value);
                let payload = token.split('.').nth(1)?;
                let payload =
                    base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload).ok()?;
                let payload: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_slice(&payload).ok()?;
                let claim = payload
                    .get(claim)
                    .filter(|claim| claim.is_string() || claim.is_number())?;
                Some(*blake3::hash(claim.to_string().as_bytes()).as_bytes())
            }
        }
    }
}
