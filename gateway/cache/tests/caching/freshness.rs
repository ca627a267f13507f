//! For how long something is kept, and for whom.

use std::time::Duration;

use causeway_cache::Identity;
use causeway_executor::{CachingHeaders, SubgraphRequest};
use http::HeaderName;

use crate::{
    fake::says,
    setup::{Gateway, Setup, With, after, entities, gateway, products, read, root},
};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn name() -> SubgraphRequest {
    products("{name}", &["Product:1"])
}

fn headers(cache_control: &str, age: &str, vary: &str) -> CachingHeaders {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    CachingHeaders {
        cache_control: text(cache_control),
        age: text(age),
        vary: text(vary),
    }
}

/// For how long a question is answered without a call. 0: it is not kept.
async fn lasts(gateway: &Gateway, request: SubgraphRequest) -> u64 {
    assert_eq!(
        gateway.calls(request.clone()).await.len(),
        1,
        "it is kept already"
    );
    let mut lasted = 0;
    while gateway.calls(request.clone()).await.is_empty() {
        assert!(lasted < 5000, "it lasts for ever");
        lasted += 1;
        after(1).await;
    }
    lasted
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_says_of_itself() {
    for (header, lifetime) in [
        (headers("max-age=60", "", ""), 60),
        (headers("s-maxage=30, max-age=60", "", ""), 30),
        (headers("max-age=60", "50", ""), 10),
        (headers("max-age=60", "60", ""), 0),
        (headers("max-age=0", "", ""), 0),
        (headers("no-store", "", ""), 0),
        (headers("no-cache, max-age=60", "", ""), 0),
        (headers("private, max-age=60", "", ""), 0),
        (headers("max-age=60", "", "*"), 0),
        (headers("max-age=60", "", "x-plan"), 60),
        (headers("public", "", ""), 7),
        (headers("", "", ""), 7),
        (headers("max-age=nonsense", "", ""), 0),
    ] {
        let gateway = Setup::new().catalog(|catalog| catalog.ttl = secs(7)).start();
        gateway.fake.state().says = header.clone();
        assert_eq!(lasts(&gateway, name()).await, lifetime, "{header:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_who_says_something_decides() {
    let hinted = || entities("{...on Hinted{name}}", &["Hinted:1"]);
    let configured = |ttl, of_type: Option<u64>| {
        let setup = Setup::new().catalog(|catalog| {
            catalog.ttl = secs(ttl);
            let of_type = of_type.map(|ttl| ("Hinted".to_owned(), secs(ttl)));
            catalog.types.extend(of_type);
        });
        let gateway = setup.start();
        gateway.fake.state().says = headers("", "", "");
        gateway
    };
    assert_eq!(lasts(&configured(7, None), hinted()).await, 60);
    assert_eq!(lasts(&configured(7, Some(9)), hinted()).await, 9);
    assert_eq!(lasts(&configured(7, Some(0)), hinted()).await, 0);
    assert_eq!(lasts(&configured(7, None), name()).await, 7);
    assert_eq!(lasts(&configured(0, None), name()).await, 0);
    let gateway = configured(7, Some(9));
    gateway.fake.state().says = says("max-age=100");
    assert_eq!(lasts(&gateway, hinted()).await, 100);
}

#[tokio::test(start_paused = true)]
async fn the_schema_says_it_of_all_that_is_kept_together() {
    for (selection, lifetime) in [
        ("{name}", 60),
        ("{name stock}", 5),
        ("{inner{value}}", 20),
        ("{inner{value now}}", 0),
        // For one person, and nobody knows for whom.
        ("{name mine}", 0),
    ] {
        for request in [
            entities(&format!("{{...on Hinted{selection}}}"), &["Hinted:1"]),
            root(&format!("{{hinted{selection}}}")),
        ] {
            let gateway = gateway();
            gateway.fake.state().says = headers("", "", "");
            assert_eq!(
                lasts(&gateway, request.clone()).await,
                lifetime,
                "{}",
                request.document
            );
        }
    }
    let gateway = gateway();
    gateway.fake.state().says = headers("", "", "");
    assert_eq!(lasts(&gateway, root("{nobodys{value}}")).await, 0);
}

fn who() -> Setup {
    Setup::new().sees(&["x-user", "x-lang"]).catalog(|catalog| {
        catalog.identity = Some(Identity::Header(HeaderName::from_static("x-user")));
        catalog.vary = vec![HeaderName::from_static("x-lang")];
    })
}

/// Who is answered with what `ann` brought, who asks in English: ann in German, bob in English, bob in German.
async fn shared(says: CachingHeaders, request: &SubgraphRequest) -> [bool; 3] {
    let mut shared = [false; 3];
    for (shared, (user, lang)) in shared
        .iter_mut()
        .zip([("ann", "de"), ("bob", "en"), ("bob", "de")])
    {
        let gateway = who().start();
        gateway.fake.state().says = says.clone();
        let ask = |user, lang| request.clone().header("x-user", user).header("x-lang", lang);
        gateway.ask(ask("ann", "en")).await;
        *shared = gateway.calls(ask(user, lang)).await.is_empty();
    }
    shared
}

#[tokio::test(start_paused = true)]
async fn whose_an_answer_is() {
    let hinted = |selection: &str| entities(&format!("{{...on Hinted{selection}}}"), &["Hinted:1"]);
    for (says, request, expected) in [
        (headers("max-age=60", "", ""), name(), [false, false, false]),
        (
            headers("public, max-age=60", "", ""),
            name(),
            [false, true, false],
        ),
        (headers("s-maxage=60", "", "x-lang"), name(), [false, true, false]),
        (
            headers("public, max-age=60", "", "x-other"),
            name(),
            [false, false, false],
        ),
        (
            headers("private, max-age=60", "", ""),
            name(),
            [false, false, false],
        ),
        // By the schema.
        (headers("", "", ""), hinted("{name}"), [false, true, false]),
        (
            headers("", "", "x-other"),
            hinted("{name}"),
            [false, false, false],
        ),
        (
            headers("public, max-age=60", "", ""),
            hinted("{mine}"),
            [false, true, false],
        ),
        (headers("", "", ""), hinted("{mine}"), [false, false, false]),
    ] {
        assert_eq!(
            shared(says.clone(), &request).await,
            expected,
            "{says:?} {}",
            request.document
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_private_answer_is_used_for_one_person_wherever_they_are() {
    let gateway = Setup::new()
        .sees(&["authorization", "x-request"])
        .catalog(|catalog| {
            catalog.identity = Some(Identity::Claim {
                header: http::header::AUTHORIZATION,
                claim: "sub".to_owned(),
            });
        })
        .start();
    gateway.fake.state().says = says("private, max-age=60");
    let token = |payload: &str| {
        let payload = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload);
        format!("Bearer x.{payload}.y")
    };
    let ask = |payload: &str, request| {
        name()
            .header("authorization", &token(payload))
            .header("x-request", request)
    };
    let ann = r#"{"sub":"ann","iat":1}"#;
    gateway.ask(ask(ann, "1")).await;
    assert!(
        gateway
            .calls(ask(r#"{"sub":"ann","iat":2}"#, "2"))
            .await
            .is_empty()
    );
    assert_eq!(gateway.calls(ask(r#"{"sub":"bob"}"#, "1")).await.len(), 1);
    for nobody in ["{}", r#"{"sub":null}"#, r#"{"sub":["ann"]}"#, "ann"] {
        assert_eq!(gateway.calls(ask(nobody, "1")).await.len(), 1, "{nobody}");
        assert_eq!(gateway.calls(ask(nobody, "1")).await.len(), 1, "{nobody}");
    }
    // Two tokens: it is not certain whose word counts.
    let both = ask(ann, "1").header("authorization", &token(r#"{"sub":"bob"}"#));
    assert_eq!(gateway.calls(both.clone()).await.len(), 1);
    assert_eq!(gateway.calls(both).await.len(), 1);
    // A private answer that varies by what nobody knows is nobody's.
    gateway.fake.state().says = headers("private, max-age=60", "", "x-request");
    let sku = |request| SubgraphRequest {
        headers: ask(ann, request).headers,
        ..products("{sku}", &["Product:1"])
    };
    gateway.ask(sku("1")).await;
    assert_eq!(gateway.calls(sku("2")).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_believed_for_a_shorter_time() {
    for (negative, lifetime) in [(10, 10), (0, 0), (600, 60)] {
        let setup = Setup::new().catalog(|catalog| {
            catalog.negative_ttl = secs(negative);
            catalog.stale_while_revalidate = secs(100);
            catalog.stale_if_error = secs(100);
        });
        let gateway = setup.start();
        let nobody = products("{name}", &["Product:none"]);
        assert_eq!(lasts(&gateway, nobody).await, lifetime, "{negative}");
    }
}

#[tokio::test(start_paused = true)]
async fn clients_ask_for_what_is_new_or_for_no_cache_at_all() {
    let gateway = gateway();
    let ask = |control| name().header("cache-control", control);
    gateway.ask(name()).await;
    gateway.fake.set("Product:1", "name", "new".into());
    assert_eq!(gateway.calls(ask("no-store")).await.len(), 1);
    let kept = gateway.ask(name()).await;
    assert_eq!(
        kept["data"]["_entities"][0]["name"], "Lamp",
        "no-store keeps nothing"
    );
    assert_eq!(gateway.calls(ask("no-cache")).await.len(), 1);
    let kept = gateway.ask(name()).await;
    assert_eq!(kept["data"]["_entities"][0]["name"], "new");
    let deaf = Setup::new()
        .options(|options| options.client_control = false)
        .start();
    deaf.ask(name()).await;
    for control in ["no-cache", "no-store", "max-age=0"] {
        assert!(deaf.calls(ask(control)).await.is_empty(), "{control}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_says_how_long_it_is_good() {
    let gateway = gateway();
    let request = products("{name}", &["Product:1", "Product:2"]);
    gateway.ask(products("{name}", &["Product:1"])).await;
    after(20).await;
    let reply = gateway.send(request.clone()).await.unwrap();
    assert_eq!(reply.freshness.lifetime, Some(secs(40)));
    assert_eq!(reply.freshness.age.as_secs(), 20);
    assert!(!reply.freshness.private);
    gateway.fake.state().says = says("private, max-age=5");
    let reply = gateway
        .send(products("{name sku}", &["Product:1"]))
        .await
        .unwrap();
    assert!(reply.freshness.private);
    assert_eq!(
        reply.dispatch.cache.not_stored,
        Some("it is private, and who asked is not known")
    );
    assert_eq!(read(&reply)["data"]["_entities"][0]["sku"], "s1");
}

#[tokio::test(start_paused = true)]
async fn by_chance_lifetimes_are_a_little_shorter() {
    for (draw, lifetime) in [(0.0, 60), (0.5, 57), (1.0, 54)] {
        let gateway = Setup::new().options(|options| options.jitter = 0.1).start();
        *gateway.draw.lock().unwrap() = draw;
        assert_eq!(lasts(&gateway, name()).await, lifetime);
    }
}
