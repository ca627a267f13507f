use std::path::Path;

use serde_json::json;

use super::*;
use crate::{Config, parse_with};

fn read_with(text: &str, redis_url: Option<&str>) -> Result<Config, ConfigError> {
    let environment = Environment {
        redis_url: redis_url.map(str::to_owned),
        is_whole: true,
        ..Environment::default()
    };
    parse_with(
        &format!("supergraph: s.graphql\n{text}"),
        Path::new("causeway.yaml"),
        &environment,
    )
}

fn read(text: &str) -> Config {
    read_with(text, None).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Of the subgraph `a`.
fn of_a(text: &str) -> Option<SubgraphCache> {
    read(text).subgraphs["a"].cache.clone()
}

#[test]
fn by_default_there_is_room_and_no_lifetime() {
    for text in ["", "cache: on", "cache: true", "cache: {}"] {
        let config = read(text);
        let cache = config.cache.unwrap();
        assert_eq!(cache, CacheConfig::default(), "{text}");
        assert_eq!((cache.memory, cache.max_value), (64 << 20, 1 << 20));
        let expected = SubgraphCache {
            vary: vec!["accept-language".to_owned()],
            ..SubgraphCache::default()
        };
        assert_eq!(config.other_subgraphs.cache, Some(expected), "{text}");
    }
    let off = read("cache: off\nsubgraphs: { a: { cache: on }, b: {} }");
    assert_eq!(off.cache, None);
    assert!(off.subgraphs.values().all(|subgraph| subgraph.cache.is_none()));
    assert_eq!(off.other_subgraphs.cache, None);
}

#[test]
fn every_key_is_read() {
    let config = read(
        "cache: { memory: 2KiB, ttl: 1m, stale_while_revalidate: 2s, stale_if_error: 2h, negative_ttl: 0, jitter: 0, early_refresh: 0.5,\n  \
         max_value: 77, identity: { header: Authorization, claim: sub }, vary: [accept-language], client_control: false,\n  \
         redis: { url: 'redis://:word@h:1', prefix: p, deadline: 5ms, lease: 3s, max_value: 1GiB, queue: 9 } }",
    );
    let cache = config.cache.unwrap();
    assert!(!format!("{cache:?}").contains("word"), "{cache:?}");
    let expected = CacheConfig {
        memory: 2048,
        max_value: 77,
        negative_ttl: Duration::ZERO,
        jitter: 0.0,
        early_refresh: 0.5,
        client_control: false,
        redis: Some(RedisConfig {
            url: Secret::new("redis://:word@h:1".to_owned()),
            prefix: "p".to_owned(),
            deadline: Duration::from_millis(5),
            lease: Duration::from_secs(3),
            max_value: 1 << 30,
            queue: 9,
        }),
        mutations: IndexMap::new(),
    };
    assert_eq!(cache, expected);
    let expected = SubgraphCache {
        ttl: Duration::from_secs(60),
        types: IndexMap::new(),
        stale_while_revalidate: Duration::from_secs(2),
        stale_if_error: Duration::from_secs(7200),
        vary: vec!["accept-language".to_owned()],
        identity: Some(Identity {
            header: "authorization".to_owned(),
            claim: Some("sub".to_owned()),
        }),
    };
    assert_eq!(config.other_subgraphs.cache, Some(expected));
}

#[test]
fn a_subgraph_overrides_key_by_key() {
    let general = "headers: { forward: [x-user, x-other] }\ncache: { ttl: 1m, stale_if_error: 3s, identity: { header: x-user } }\n";
    let text = format!(
        "{general}subgraphs: {{ a: {{ cache: {{ ttl: 0s, types: {{ Product: 10s, User: 0s }}, identity: {{ header: x-other }} }} }} }}"
    );
    let cache = of_a(&text).unwrap();
    assert_eq!(cache.ttl, Duration::ZERO);
    assert_eq!(cache.stale_if_error, Duration::from_secs(3));
    assert_eq!(cache.types["Product"], Duration::from_secs(10));
    assert_eq!(cache.types["User"], Duration::ZERO);
    assert_eq!(cache.identity.unwrap().header, "x-other");
    assert_eq!(
        of_a(&format!("{general}subgraphs: {{ a: {{ cache: off }} }}")),
        None
    );
    let others = read(&text).other_subgraphs.cache.unwrap();
    assert_eq!((others.ttl, others.types.len()), (Duration::from_secs(60), 0));
}

#[test]
fn answers_differ_by_headers_that_the_subgraph_gets() {
    for (text, expected) in [
        ("subgraphs: { a: {} }", vec!["accept-language"]),
        ("subgraphs: { a: { headers: { forward: [] } } }", vec![]),
        (
            "subgraphs: { a: { headers: { rename: { Accept-Language: x-lang } } } }",
            vec!["accept-language"],
        ),
        (
            "subgraphs: { a: { headers: { set: { accept-language: en } } } }",
            vec![],
        ),
        (
            "headers: { forward: [x-a, x-b] }\nsubgraphs: { a: { cache: { vary: [X-B, x-c] } } }",
            vec!["x-b"],
        ),
    ] {
        assert_eq!(of_a(text).unwrap().vary, expected, "{text}");
    }
    let private = "cache: { identity: { header: authorization } }\nsubgraphs: { a: {}, b: { headers: { forward: [] } } }";
    let config = read(private);
    let has_identity = |name: &str| config.subgraphs[name].cache.as_ref().unwrap().identity.is_some();
    assert!(has_identity("a") && !has_identity("b"));
    let others = read("headers: { forward: [] }").other_subgraphs.cache;
    assert_eq!(others.unwrap().vary, Vec::<String>::new());
}

#[test]
fn redis_is_named_in_the_file_or_in_the_environment() {
    let url = |text: &str, variable: Option<&str>| {
        let redis = read_with(text, variable)
            .unwrap()
            .cache
            .and_then(|cache| cache.redis);
        redis.map(|redis| (redis.url.expose().to_owned(), redis.prefix))
    };
    let pair = |url: &str, prefix: &str| Some((url.to_owned(), prefix.to_owned()));
    assert_eq!(url("", None), None);
    assert_eq!(url("", Some("redis://e")), pair("redis://e", "causeway"));
    assert_eq!(
        url("cache: { redis: { prefix: p } }", Some("redis://e")),
        pair("redis://e", "p")
    );
    assert_eq!(
        url("cache: { redis: { url: rediss://f } }", None),
        pair("rediss://f", "causeway")
    );
    assert_eq!(
        url("cache: { redis: { url: redis://f } }", Some("redis://e")),
        pair("redis://e", "causeway")
    );
    assert_eq!(url("cache: off", Some("redis://e")), None);
}

#[test]
fn mutations_end_what_they_change() {
    let config = read(
        "cache: { mutations: { updateProduct: [{ subgraph: catalog, type: Product, key: { id: '{$args.input.id}', n: 1 } },\n  \
         { subgraph: catalog, tag: 'p-{$args.id}-{$args.x}' }, { subgraph: catalog, type: Product }, { subgraph: orders }] } }",
    );
    let ended = &config.cache.unwrap().mutations["updateProduct"];
    let what: Vec<&EndedWhat> = ended.iter().map(|ended| &ended.what).collect();
    let key = json!({ "id": "{$args.input.id}", "n": 1 });
    let product = "Product".to_owned();
    let expected = [
        EndedWhat::Entity {
            ty: product.clone(),
            key: key.as_object().unwrap().clone(),
        },
        EndedWhat::Tag("p-{$args.id}-{$args.x}".to_owned()),
        EndedWhat::Type(product),
        EndedWhat::Subgraph,
    ];
    assert_eq!(what, expected.iter().collect::<Vec<_>>());
    assert_eq!(ended[3].subgraph, "orders");
}

#[test]
fn mistakes_are_named_with_the_way_out() {
    let ended = |entry: &str| format!("cache: {{ mutations: {{ m: [{{ subgraph: a, {entry} }}] }} }}");
    for (text, expected) in [
        ("cache: maybe".to_owned(), "`on`, `off`, or keys like `memory`"),
        ("cache: { memry: 1 }".to_owned(), "did you mean `memory`?"),
        ("cache: { types: { T: 1s } }".to_owned(), "types"),
        (
            "cache: { memory: 64MB }".to_owned(),
            "`cache.memory`: `64MB` is not a size like 64MiB",
        ),
        (
            "cache: { ttl: 5 }".to_owned(),
            "`cache.ttl`: `5` is not a time like",
        ),
        ("cache: { ttl: -1s }".to_owned(), "is not a time like"),
        (
            "cache: { jitter: 1.5 }".to_owned(),
            "`cache.jitter`: 1.5 is not between 0 and 1",
        ),
        (
            "cache: { early_refresh: .nan }".to_owned(),
            "`cache.early_refresh`: NaN is not between",
        ),
        ("cache: { vary: [Host] }".to_owned(), "`cache.vary`"),
        (
            "cache: { identity: { claim: sub } }".to_owned(),
            "missing field `header`",
        ),
        (
            "cache: { identity: { header: a, claim: '' } }".to_owned(),
            "`cache.identity.claim`: is empty",
        ),
        ("cache: { redis: {} }".to_owned(), "set CAUSEWAY_REDIS_URL"),
        (
            "cache: { redis: { url: 'http://secret@h' } }".to_owned(),
            "`cache.redis.url`: is not a URL like",
        ),
        (
            "cache: { redis: { url: redis://h, prefix: 'a b' } }".to_owned(),
            "`cache.redis.prefix`",
        ),
        (
            "cache: { redis: { url: redis://h, deadline: 0 } }".to_owned(),
            "`cache.redis.deadline`",
        ),
        (
            "cache: { redis: { url: redis://h, deadline: 500ms } }".to_owned(),
            "make it longer",
        ),
        (
            "cache: { redis: { url: redis://h, queue: 0 } }".to_owned(),
            "`cache.redis.queue`",
        ),
        (
            "cache: off\nsubgraphs: { a: { cache: { ttl: 1s } } }".to_owned(),
            "`subgraphs.a.cache`: has no effect",
        ),
        (
            "subgraphs: { a: { cache: { stale_if_eror: 1s } } }".to_owned(),
            "did you mean `stale_if_error`?",
        ),
        (
            "subgraphs: { a: { cache: { memory: 1 } } }".to_owned(),
            "unknown field `memory`",
        ),
        (
            "subgraphs: { a: { cache: { types: { T: x } } } }".to_owned(),
            "`subgraphs.a.cache.types.T`",
        ),
        (
            "subgraphs: { a: { cache: { identity: { header: x-user } } } }".to_owned(),
            "`subgraphs.a.cache.identity`: the subgraph does not get `x-user`",
        ),
        ("cache: { mutations: { m: [] } }".to_owned(), "names nothing"),
        (ended("key: { id: 1 }"), "needs the `type`"),
        (ended("type: T, key: {}"), "has no field"),
        (ended("type: T, tag: t"), "as two entries"),
        (ended("tag: '{$arg.id}'"), "are no placeholder"),
        (ended("tag: 'a}'"), "are no placeholder"),
        (
            ended("type: T, key: { id: {$args.id} }"),
            "has to stand in quotes",
        ),
    ] {
        let message = read_with(&text, None).unwrap_err().to_string();
        assert!(message.contains(expected), "{text}: {message}");
        assert!(!message.contains("secret@"), "{message}");
    }
}
