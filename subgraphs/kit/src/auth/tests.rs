use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Json;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::testing::TestIssuer;
use crate::{Running, Shutdown, Timestamp, serve};

const HOUR: Duration = Duration::from_secs(3600);

fn signer(byte: u8) -> Signer {
    Signer::from_secret(&[byte; 32]).unwrap()
}

fn der(byte: u8) -> EncodingKey {
    let prefix = [
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    EncodingKey::from_ed_der(&[&prefix[..], &[byte; 32]].concat())
}

fn good_claims() -> Value {
    let now = Timestamp::now().millis() / 1000;
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "u-1", "scope": "profile", "iat": now, "exp": now + 3600})
}

/// A token of key 7 with the right `kid`, but these claims.
fn token_with(claims: &Value) -> String {
    let header = Header {
        kid: Some(signer(7).kid().to_owned()),
        ..Header::new(Algorithm::EdDSA)
    };
    jsonwebtoken::encode(&header, claims, &der(7)).unwrap()
}

fn changed(name: &str, value: Value) -> Value {
    let mut claims = good_claims();
    claims[name] = value;
    claims
}

async fn verify(token: &str) -> Result<Identity, AuthError> {
    Verifier::from_jwks(&signer(7).jwks()).verify(token).await
}

#[tokio::test]
async fn a_signed_token_is_its_subject() {
    let now = Timestamp::now();
    let signed = signer(7).sign("u-1", &["profile", "orders"], now, HOUR).unwrap();
    assert_eq!(signed.expires_at.millis(), now.millis() / 1000 * 1000 + 3_600_000);
    let identity = verify(&signed.token).await.unwrap();
    assert_eq!(
        identity,
        Identity {
            subject: "u-1".into(),
            scopes: vec!["profile".into(), "orders".into()]
        }
    );
    assert!(identity.has_scope("orders") && !identity.has_scope("order"));

    let without_scope = {
        let mut claims = good_claims();
        claims.as_object_mut().unwrap().remove("scope");
        claims
    };
    assert!(
        verify(&token_with(&without_scope))
            .await
            .unwrap()
            .scopes
            .is_empty()
    );
}

#[tokio::test]
async fn wrong_claims_are_refused() {
    let past = Timestamp::now().millis() / 1000 - 60;
    for (claims, expected) in [
        (good_claims(), None),
        (changed("exp", json!(past)), Some(AuthError::Expired)),
        (
            changed("aud", json!("another-shop")),
            Some(AuthError::WrongClaims),
        ),
        (changed("iss", json!("somebody")), Some(AuthError::WrongClaims)),
        (changed("sub", Value::Null), Some(AuthError::Malformed)),
    ] {
        assert_eq!(verify(&token_with(&claims)).await.err(), expected, "{claims}");
    }
    for missing in ["exp", "aud", "iss", "sub"] {
        let mut claims = good_claims();
        claims.as_object_mut().unwrap().remove(missing);
        assert!(verify(&token_with(&claims)).await.is_err(), "without {missing}");
    }
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let good = token_with(&good_claims());
    let header = |header: Header| jsonwebtoken::encode(&header, &good_claims(), &der(7)).unwrap();
    let kid = Some(signer(7).kid().to_owned());

    // Another key under the known kid.
    let known_kid = Header {
        kid: kid.clone(),
        ..Header::new(Algorithm::EdDSA)
    };
    let forged = jsonwebtoken::encode(&known_kid, &good_claims(), &der(8)).unwrap();
    assert_eq!(verify(&forged).await, Err(AuthError::BadSignature));

    // The good signature under other claims.
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = message.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(changed("sub", json!("u-2")).to_string());
    assert_eq!(
        verify(&format!("{head}.{other}.{signature}")).await,
        Err(AuthError::BadSignature)
    );

    // An unknown kid, and none at all.
    let unknown = signer(9).sign("u-1", &[], Timestamp::now(), HOUR).unwrap().token;
    assert_eq!(verify(&unknown).await, Err(AuthError::UnknownKey));
    assert_eq!(
        verify(&header(Header::new(Algorithm::EdDSA))).await,
        Err(AuthError::UnknownKey)
    );

    // The algorithm `none`, with and without a signature.
    let claims = URL_SAFE_NO_PAD.encode(good_claims().to_string());
    for none in ["none", "None", "NONE"] {
        let head = URL_SAFE_NO_PAD.encode(json!({"alg": none, "typ": "JWT", "kid": kid}).to_string());
        for token in [
            format!("{head}.{claims}."),
            format!("{head}.{claims}.{signature}"),
        ] {
            assert_eq!(verify(&token).await, Err(AuthError::Malformed), "{none}");
        }
    }

    // The public key, which everybody knows, used as an HMAC secret.
    let public = signer(7).jwks();
    let jsonwebtoken::jwk::AlgorithmParameters::OctetKeyPair(pair) = &public.keys[0].algorithm else {
        panic!()
    };
    let secret = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(&pair.x).unwrap());
    let hmac = Header {
        kid,
        ..Header::new(Algorithm::HS256)
    };
    let token = jsonwebtoken::encode(&hmac, &good_claims(), &secret).unwrap();
    assert_eq!(verify(&token).await, Err(AuthError::Malformed));

    for nonsense in ["", ".", "..", "a.b.c", &good[1..], head] {
        assert_eq!(verify(nonsense).await, Err(AuthError::Malformed), "{nonsense}");
    }
}

#[tokio::test]
async fn unusable_keys_are_left_out() {
    // jsonwebtoken would panic on the short key.
    let keys: JwkSet = serde_json::from_value(json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "kid": signer(7).kid(), "x": "AAAA"},
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
    ]}))
    .unwrap();
    let verifier = Verifier::from_jwks(&keys);
    assert_eq!(
        verifier.verify(&token_with(&good_claims())).await,
        Err(AuthError::UnknownKey)
    );
}

#[test]
fn the_key_set_names_its_key_and_keeps_the_secret() {
    let jwks = TestIssuer::new().jwks();
    let key = &jwks["keys"][0];
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert_eq!((&key["alg"], &key["use"]), (&json!("EdDSA"), &json!("sig")));
    assert_eq!(key["kid"], json!(signer(7).kid()));
    assert_eq!(key.get("d"), None);
    assert!(!format!("{:?}", signer(7)).contains("7, 7"));
}

#[test]
fn a_key_set_address_must_be_a_web_address() {
    for url in ["", "users:4001", "file:///etc/keys"] {
        let message = Verifier::from_jwks_url(url).err().expect(url).to_string();
        assert!(message.contains(&format!("{url:?}")), "{message}");
    }
}

/// An issuer that counts how often its keys are fetched.
async fn issuer(fetches: &Arc<AtomicUsize>, shutdown: &Shutdown) -> Running {
    let fetches = fetches.clone();
    let keys = get(move || async move {
        fetches.fetch_add(1, Ordering::SeqCst);
        Json(signer(7).jwks())
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve(
        listener,
        axum::Router::new().route("/keys", keys),
        shutdown.clone(),
    )
}

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_an_unknown_kid_at_most_every_ten_seconds() {
    let (fetches, shutdown) = (Arc::new(AtomicUsize::new(0)), Shutdown::new());
    let running = issuer(&fetches, &shutdown).await;
    let verifier = Verifier::from_jwks_url(&format!("http://{}/keys", running.addr)).unwrap();
    let fetched = || fetches.load(Ordering::SeqCst);
    let (good, unknown) = (
        token_with(&good_claims()),
        signer(9).sign("u-1", &[], Timestamp::now(), HOUR).unwrap().token,
    );
    assert_eq!(fetched(), 0, "nothing is fetched before the first token");

    let checks = (0..8).map(|_| verifier.verify(&good));
    for identity in futures::future::join_all(checks).await {
        assert_eq!(identity.unwrap().subject, "u-1");
    }
    assert_eq!(fetched(), 1, "concurrent checks share one fetch");

    assert_eq!(verifier.verify(&unknown).await, Err(AuthError::UnknownKey));
    assert_eq!(fetched(), 1, "too soon");
    pass(Duration::from_secs(10)).await;
    assert_eq!(verifier.verify(&unknown).await, Err(AuthError::UnknownKey));
    assert_eq!(verifier.verify(&unknown).await, Err(AuthError::UnknownKey));
    assert_eq!(fetched(), 2);

    shutdown.trigger();
    running.wait().await.unwrap();
    pass(Duration::from_secs(10)).await;
    assert_eq!(verifier.verify(&unknown).await, Err(AuthError::KeysUnavailable));
    assert_eq!(
        verifier.verify(&good).await.unwrap().subject,
        "u-1",
        "known keys outlive their issuer"
    );
}

#[tokio::test]
async fn an_issuer_that_starts_later_is_found() {
    let (fetches, shutdown) = (Arc::new(AtomicUsize::new(0)), Shutdown::new());
    let reserved = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = reserved.local_addr().unwrap();
    drop(reserved);
    let verifier = Verifier::from_jwks_url(&format!("http://{addr}/keys")).unwrap();
    let good = token_with(&good_claims());
    let error = verifier.verify(&good).await.unwrap_err();
    assert_eq!(
        (&error, error.code()),
        (&AuthError::KeysUnavailable, "AUTH_UNAVAILABLE")
    );

    let counted = fetches.clone();
    let keys = get(move || async move {
        counted.fetch_add(1, Ordering::SeqCst);
        Json(signer(7).jwks())
    });
    let listener = tokio::net::TcpListener::bind(addr).await.unwrap();
    let running = serve(
        listener,
        axum::Router::new().route("/keys", keys),
        shutdown.clone(),
    );
    assert_eq!(
        verifier.verify(&good).await,
        Err(AuthError::KeysUnavailable),
        "within a second: not asked again"
    );
    assert_eq!(fetches.load(Ordering::SeqCst), 0);
    pass(Duration::from_secs(1)).await;
    assert_eq!(verifier.verify(&good).await.unwrap().subject, "u-1");
    shutdown.trigger();
    running.wait().await.unwrap();
}
