//! Raw -> validated: each key alone, then all together.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use indexmap::IndexMap;

use crate::{
    Config, ConfigError, ContractConfig, Environment, GraphSource, Limits, SchemaSource, SharingConfig,
    SubgraphConfig, admin,
    batching::{self, Batching},
    cache, headers, listen, overrides,
    raw::{RawConfig, RawContract, RawLimits, RawRoverSchema, RawSchema, RawSharing, RawSubgraph},
};

/// The parser's own limit in validating operations.
const DEEPEST: usize = 128;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn validate(
    raw: RawConfig,
    path: &Path,
    environment: &Environment,
) -> Result<Config, ConfigError> {
    let at = At { path };
    let (listen, metrics) = listen::validate(&at, raw.listen.as_deref(), raw.metrics.as_ref())?;
    let mut taken = vec![(listen, "clients are served")];
    taken.extend(metrics.map(|metrics| (metrics, "metrics are told")));
    let admin = admin::validate(&at, raw.admin, environment, &taken)?;
    let graph = match (&raw.supergraph, raw.subgraphs.is_empty()) {
        (Some(file), _) => GraphSource::Supergraph(at.resolve(file)),
        (None, false) => GraphSource::Subgraphs,
        (None, true) => {
            let reason = "name the subgraphs to compose here, or a composed file under `supergraph`";
            return Err(at.invalid("subgraphs", reason));
        }
    };
    let default_timeout = match &raw.timeout {
        Some(text) => at.duration("timeout", text)?,
        None => DEFAULT_TIMEOUT,
    };
    let (cache, caching) = cache::validate(&at, raw.cache, environment)?;
    let for_all = ForAll {
        timeout: default_timeout,
        forward: headers::for_all(&at, raw.headers)?,
        batching: Batching::default().overridden(&at, "batching", raw.batching)?,
        cache: caching,
    };
    let mut subgraphs = IndexMap::new();
    for (name, subgraph) in raw.subgraphs {
        let valid = at.subgraph(&name, subgraph, &graph, &for_all)?;
        subgraphs.insert(name, valid);
    }
    at.one_stdin(&subgraphs)?;
    let other_subgraphs = for_all.subgraph(None, None);
    if let GraphSource::Supergraph(_) = graph {
        batching::public_learns_nothing(&at, None, &other_subgraphs)?;
    }
    let limits = at.limits(&raw.limits)?;
    let allow_origins = at.origins(raw.cors.allow_origins)?;
    Ok(Config {
        listen,
        metrics,
        admin,
        graph,
        subgraphs,
        other_subgraphs,
        cache,
        sharing: sharing(raw.sharing),
        limits,
        allow_origins,
        warm_up: raw.warm_up.operations.map(|place| at.resolve(&place)),
        override_labels: overrides::validate(&at, raw.override_labels)?,
        contracts: at.contracts(raw.contracts)?,
    })
}

/// What subgraphs have that say nothing of their own.
struct ForAll {
    timeout: Duration,
    forward: Vec<String>,
    batching: Batching,
    cache: cache::ForAll,
}

impl ForAll {
    fn subgraph(&self, url: Option<String>, schema: Option<SchemaSource>) -> SubgraphConfig {
        let headers = headers::inherited(&self.forward);
        let cache = self.cache.clone();
        SubgraphConfig {
            url,
            schema,
            timeout: self.timeout,
            http2: false,
            compression: true,
            batching: self.batching.clone(),
            cache: cache.map(|cache| cache.seen_by(&headers)),
            headers,
        }
    }
}

fn sharing(raw: RawSharing) -> SharingConfig {
    let defaults = SharingConfig::default();
    SharingConfig {
        requests: raw.requests.unwrap_or(defaults.requests),
        calls: raw.calls.unwrap_or(defaults.calls),
    }
}

/// The file that is validated: for resolving paths and for naming it in errors.
pub(crate) struct At<'a> {
    path: &'a Path,
}

impl At<'_> {
    pub(crate) fn invalid(&self, key: impl Into<String>, reason: impl Into<String>) -> ConfigError {
        ConfigError::Invalid {
            path: self.path.to_owned(),
            key: key.into(),
            reason: reason.into(),
        }
    }

    fn resolve(&self, file: &str) -> PathBuf {
        // Without the `.` in between: the path stands in messages.
        self.path
            .parent()
            .unwrap_or(Path::new("."))
            .join(file)
            .components()
            .collect()
    }

    fn contracts(
        &self,
        raw: IndexMap<String, RawContract>,
    ) -> Result<IndexMap<String, ContractConfig>, ConfigError> {
        let mut contracts = IndexMap::new();
        for (name, RawContract { include, exclude }) in raw {
            let key = format!("contracts.{name}");
            if include.is_empty() && exclude.is_empty() {
                return Err(self.invalid(
                    key,
                    "name tags under `include` or `exclude`: without any it hides nothing",
                ));
            }
            if let Some(both) = include.iter().find(|tag| exclude.contains(tag)) {
                return Err(self.invalid(key, format!("the tag `{both}` is both included and excluded")));
            }
            contracts.insert(name, ContractConfig { include, exclude });
        }
        Ok(contracts)
    }

    fn subgraph(
        &self,
        name: &str,
        raw: RawSubgraph,
        graph: &GraphSource,
        for_all: &ForAll,
    ) -> Result<SubgraphConfig, ConfigError> {
        if name.is_empty() {
            return Err(self.invalid("subgraphs", "a subgraph's name is empty"));
        }
        let key = |field: &str| format!("subgraphs.{name}.{field}");
        if let Some(url) = &raw.url {
            self.http_url(&key("url"), url)?;
        }
        let schema = raw
            .schema
            .map(|schema| self.schema(&key("schema"), schema))
            .transpose()?;
        if *graph == GraphSource::Subgraphs && schema.is_none() {
            return Err(self.invalid(
                key("schema"),
                "is missing: name the SDL's file, or the URL of the running subgraph to ask it there",
            ));
        }
        let mut subgraph = for_all.subgraph(raw.url, schema);
        if let Some(text) = &raw.timeout {
            subgraph.timeout = self.duration(&key("timeout"), text)?;
        }
        subgraph.http2 = raw.http2.unwrap_or(subgraph.http2);
        subgraph.compression = raw.compression.unwrap_or(subgraph.compression);
        subgraph.headers = headers::of_subgraph(self, &key("headers"), raw.headers, &for_all.forward)?;
        subgraph.batching = subgraph
            .batching
            .overridden(self, &key("batching"), raw.batching)?;
        batching::public_learns_nothing(self, Some(name), &subgraph)?;
        subgraph.cache =
            cache::of_subgraph(self, &key("cache"), raw.cache, &for_all.cache, &subgraph.headers)?;
        Ok(subgraph)
    }

    fn schema(&self, key: &str, raw: RawSchema) -> Result<SchemaSource, ConfigError> {
        match raw {
            RawSchema::Place(place) if place.starts_with("http://") || place.starts_with("https://") => {
                Ok(SchemaSource::Url(place))
            }
            RawSchema::Place(place) if place == "-" => Ok(SchemaSource::Stdin),
            RawSchema::Place(file) => Ok(SchemaSource::File(self.resolve(&file))),
            RawSchema::Rover(RawRoverSchema {
                file: Some(file),
                subgraph_url: None,
                sdl: None,
            }) => Ok(SchemaSource::File(self.resolve(&file))),
            RawSchema::Rover(RawRoverSchema {
                file: None,
                subgraph_url: Some(url),
                sdl: None,
            }) => {
                self.http_url(key, &url)?;
                Ok(SchemaSource::Url(url))
            }
            RawSchema::Rover(RawRoverSchema {
                file: None,
                subgraph_url: None,
                sdl: Some(sdl),
            }) => Ok(SchemaSource::Inline(sdl)),
            RawSchema::Rover(_) => {
                Err(self.invalid(key, "give exactly one of `file`, `subgraph_url`, `sdl`"))
            }
        }
    }

    /// Standard input can be read once.
    fn one_stdin(&self, subgraphs: &IndexMap<String, SubgraphConfig>) -> Result<(), ConfigError> {
        let mut reading = subgraphs
            .iter()
            .filter(|(_, subgraph)| subgraph.schema == Some(SchemaSource::Stdin))
            .map(|(name, _)| name);
        match (reading.next(), reading.next()) {
            (Some(first), Some(second)) => Err(self.invalid(
                format!("subgraphs.{second}.schema"),
                format!("only one subgraph can come on standard input, and `{first}` does already"),
            )),
            _ => Ok(()),
        }
    }

    fn http_url(&self, key: &str, url: &str) -> Result<(), ConfigError> {
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        match rest {
            Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Ok(()),
            _ => Err(self.invalid(key, format!("`{url}` is not a URL like http://host:4001/graphql"))),
        }
    }

    fn limits(&self, raw: &RawLimits) -> Result<Limits, ConfigError> {
        let positive = |key: &str, given: Option<usize>, default: usize| match given {
            Some(0) => Err(self.invalid(format!("limits.{key}"), "is 0, which would refuse every request")),
            given => Ok(given.unwrap_or(default)),
        };
        if raw.operation_depth.is_some_and(|depth| depth > DEEPEST) {
            let reason = format!("is more than {DEEPEST}, which is as deep as operations can be validated");
            return Err(self.invalid("limits.operation_depth", reason));
        }
        let defaults = Limits::default();
        Ok(Limits {
            request_body: positive("request_body", raw.request_body, defaults.request_body)?,
            subgraph_response: positive(
                "subgraph_response",
                raw.subgraph_response,
                defaults.subgraph_response,
            )?,
            operation_tokens: positive(
                "operation_tokens",
                raw.operation_tokens,
                defaults.operation_tokens,
            )?,
            operation_depth: positive("operation_depth", raw.operation_depth, defaults.operation_depth)?,
            operation_fields: positive(
                "operation_fields",
                raw.operation_fields,
                defaults.operation_fields,
            )?,
            // 0 is a choice: nothing is kept.
            plan_cache: raw.plan_cache.unwrap_or(defaults.plan_cache),
        })
    }

    /// Browsers compare origins byte by byte: what is not written as they write it would never match.
    fn origins(&self, origins: Vec<String>) -> Result<Vec<String>, ConfigError> {
        for origin in &origins {
            let host = origin
                .strip_prefix("http://")
                .or_else(|| origin.strip_prefix("https://"));
            let is_origin = host.is_some_and(|host| {
                !host.is_empty()
                    && host
                        .bytes()
                        .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
                    && !host.contains(['/', '?', '#', '*'])
            });
            if origin != "*" && !is_origin {
                let reason = format!(
                    "`{origin}` is no origin: write scheme, host and port as a browser sends them, e.g. https://shop.example, in \
                     lower case and without a path; or `*` for all"
                );
                return Err(self.invalid("cors.allow_origins", reason));
            }
        }
        Ok(origins)
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use crate::{Config, ConfigError, GraphSource, SchemaSource, SubgraphConfig, parse};

    fn read(text: &str) -> Result<Config, ConfigError> {
        parse(text, Path::new("conf/causeway.yaml"))
    }

    #[test]
    fn a_small_file_gets_sound_defaults() {
        let config =
            read("subgraphs:\n  users: { url: http://127.0.0.1:4001/graphql, schema: ./users.graphql }\n")
                .unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:4000");
        assert_eq!(config.graph, GraphSource::Subgraphs);
        let users = &config.subgraphs["users"];
        let Some(SchemaSource::File(file)) = &users.schema else {
            panic!("{users:?}")
        };
        assert_eq!(file.display().to_string(), "conf/users.graphql");
        assert_eq!(users.timeout, Duration::from_secs(10));
        assert_eq!(users.headers.forward, ["authorization", "accept-language"]);
        assert!(!users.http2 && users.compression);
        assert_eq!(
            users,
            &SubgraphConfig {
                url: users.url.clone(),
                schema: users.schema.clone(),
                ..config.other_subgraphs
            }
        );
    }

    #[test]
    fn limits_and_origins_are_taken_as_they_stand() {
        let config = read(
            "supergraph: s.graphql\nlimits: { operation_fields: 7, plan_cache: 0 }\n\
             cors: { allow_origins: ['https://shop.example', 'http://localhost:3000', '*'] }",
        )
        .unwrap();
        assert_eq!((config.limits.operation_fields, config.limits.plan_cache), (7, 0));
        assert_eq!(config.limits.operation_depth, 100);
        assert_eq!(config.allow_origins.len(), 3);
        assert_eq!(config.warm_up, None);
        let config = read("supergraph: s.graphql\nwarm_up: { operations: ./operations }").unwrap();
        assert_eq!(config.warm_up.as_deref(), Some(Path::new("conf/operations")));
    }

    #[test]
    fn contracts_are_tags_to_show_and_to_hide() {
        let config =
            read("supergraph: s.graphql\ncontracts: { public: { include: [public], exclude: [internal] } }")
                .unwrap();
        assert_eq!(config.contracts["public"].exclude, ["internal"]);
        for wrong in [
            "public: {}",
            "public: { include: [a], exclude: [a] }",
            "public: { tags: [a] }",
        ] {
            assert!(
                read(&format!("supergraph: s.graphql\ncontracts: {{ {wrong} }}")).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn rovers_file_is_read_too() {
        let config = read(
            "federation_version: =2.9.0\nsubgraphs:\n  a:\n    routing_url: http://a/graphql\n    schema:\n      file: a.graphql\n  \
             b:\n    schema: { subgraph_url: http://b/graphql }\n    routing_url: http://b/graphql\n",
        )
        .unwrap();
        assert_eq!(config.subgraphs["a"].url.as_deref(), Some("http://a/graphql"));
        assert_eq!(
            config.subgraphs["b"].schema,
            Some(SchemaSource::Url("http://b/graphql".into()))
        );
    }

    #[test]
    fn mistakes_are_named_with_the_way_out() {
        for (text, expected) in [
            ("lsten: 1", "did you mean `listen`?"),
            ("listen: 1", "`1` is not an address like 127.0.0.1:4000"),
            ("{}", "name the subgraphs to compose here"),
            (
                "subgraphs: { a: { url: http://a/ } }",
                "`subgraphs.a.schema`: is missing",
            ),
            ("subgraphs: { a: { url: a.b, schema: x } }", "`a.b` is not a URL"),
            (
                "subgraphs: { a: { schema: '-' }, b: { schema: '-' } }",
                "`subgraphs.b.schema`: only one subgraph can come on standard input, and `a` does already",
            ),
            (
                "subgraphs: { a: { schema: { file: x, sdl: z } } }",
                "exactly one of",
            ),
            (
                "supergraph: s.graphql\ntimeout: 5",
                "`5` is not a time like 250ms",
            ),
            (
                "supergraph: s.graphql\nlimits: { operation_depth: 0 }",
                "`limits.operation_depth`: is 0",
            ),
            (
                "supergraph: s.graphql\nlimits: { operation_depth: 129 }",
                "`limits.operation_depth`: is more than 128",
            ),
            (
                "supergraph: s.graphql\nlimits: { operation_dept: 1 }",
                "did you mean `operation_depth`?",
            ),
            (
                "supergraph: s.graphql\nlimits: { request_body: -1 }",
                "is not a valid configuration",
            ),
            (
                "supergraph: s.graphql\ncors: { allow_origins: [https://shop.example/] }",
                "is no origin",
            ),
            (
                "supergraph: s.graphql\ncors: { allow_origins: [shop.example] }",
                "is no origin",
            ),
            (
                "supergraph: s.graphql\ncors: { allow_origins: ['https://*.example'] }",
                "is no origin",
            ),
            (
                "supergraph: s.graphql\nsupergraph: t.graphql",
                "is not a valid configuration",
            ),
            ("subgraphs: { a: { schema: { fil: x } } }", "schema"),
            ("", "name the subgraphs to compose here"),
            ("- a", "is not a valid configuration"),
            ("supergraph: [", "is not a valid configuration"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
            assert!(message.contains("conf/causeway.yaml"), "{message}");
        }
    }
}
