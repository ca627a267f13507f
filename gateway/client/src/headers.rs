//! Which headers a subgraph gets to see.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{ClientError, SubgraphOptions, trace_context};

/// One subgraph's.
#[derive(Debug)]
pub(crate) struct Headers {
    /// The same with each request.
    fixed: Vec<(HeaderName, HeaderValue)>,
    /// The client's name and the subgraph's.
    passed: Vec<(HeaderName, HeaderName)>,
}

impl Headers {
    pub(crate) fn new(options: &SubgraphOptions) -> Result<Self, ClientError> {
        let name = |name: &String| {
            HeaderName::try_from(name).map_err(|_| ClientError::Header {
                subgraph: options.name.clone(),
                name: name.clone(),
            })
        };
        let rules = &options.headers;
        let mut fixed = Vec::new();
        for (key, value) in &rules.set {
            let mut value = HeaderValue::try_from(value).map_err(|_| ClientError::HeaderValue {
                subgraph: options.name.clone(),
                name: key.clone(),
            })?;
            // Such a value is a secret more often than not.
            value.set_sensitive(true);
            fixed.push((name(key)?, value));
        }
        let mut passed: Vec<(HeaderName, HeaderName)> = Vec::new();
        let renamed = rules.rename.iter().map(|(from, to)| (from, to));
        for (from, to) in renamed.chain(rules.forward.iter().map(|name| (name, name))) {
            let (from, to) = (name(from)?, name(to)?);
            let taken = fixed.iter().any(|(set, _)| *set == to)
                || passed
                    .iter()
                    .any(|(client, subgraph)| *subgraph == to || *client == from);
            if !taken && !trace_context::is_part(&from) {
                passed.push((from, to));
            }
        }
        let own = own(options.compression);
        fixed.extend(own.filter(|(own, _)| passed.iter().all(|(_, passed)| passed != own)));
        Ok(Self { fixed, passed })
    }

    pub(crate) fn outgoing(&self, client: &HeaderMap) -> HeaderMap {
        // With room for the host and the trace context.
        let mut headers = HeaderMap::with_capacity(self.fixed.len() + self.passed.len() + 3);
        for (name, value) in &self.fixed {
            headers.insert(name, value.clone());
        }
        for (name, value) in self.passed(client) {
            headers.append(name, value.clone());
        }
        trace_context::pass_on(client, &mut headers);
        headers
    }

    /// Names and values have their lengths before them, so that no two sets of headers are the same sequence. 0: the subgraph sees
    /// nothing of anybody.
    pub(crate) fn identity(&self, client: &HeaderMap) -> u128 {
        if self.passed.is_empty() {
            return 0;
        }
        let mut seen = Vec::with_capacity(256);
        for (name, value) in self.passed(client) {
            for part in [name.as_str().as_bytes(), value.as_bytes()] {
                seen.extend_from_slice(&(part.len() as u64).to_le_bytes());
                seen.extend_from_slice(part);
            }
        }
        let mut half = [0; 16];
        half.copy_from_slice(&blake3::hash(&seen).as_bytes()[..16]);
        u128::from_le_bytes(half)
    }

    fn passed<'h>(
        &'h self,
        client: &'h HeaderMap,
    ) -> impl Iterator<Item = (&'h HeaderName, &'h HeaderValue)> {
        let passed = self.passed.iter();
        passed.flat_map(|(from, to)| client.get_all(from).iter().map(move |value| (to, value)))
    }
}

/// The gateway's own. A client's user agent takes the place of ours where the rules let it.
fn own(compression: bool) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let encodings = compression.then_some((header::ACCEPT_ENCODING, "gzip, br, zstd"));
    let always = [
        (header::CONTENT_TYPE, "application/json"),
        (
            header::ACCEPT,
            "application/graphql-response+json, application/json;q=0.9",
        ),
        (
            header::USER_AGENT,
            concat!("causeway/", env!("CARGO_PKG_VERSION")),
        ),
    ];
    let all = always.into_iter().chain(encodings);
    all.map(|(name, value)| (name, HeaderValue::from_static(value)))
}
