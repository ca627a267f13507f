//! The rules of signing in, on a real database.

use kit::auth::Verifier;
use kit::error::ErrorCode;

use super::*;
use crate::repository::SqlUsers;

struct Fixture {
    users: Users<SqlUsers>,
    passwords: Passwords,
    verifier: Verifier,
}

async fn fixture() -> Fixture {
    let db = crate::connect(&"sqlite::memory:".parse().unwrap()).await.unwrap();
    let signer = Signer::from_secret(&[3; 32]).unwrap();
    let verifier = Verifier::from_jwks(&signer.jwks());
    let passwords = Passwords::new().await.unwrap();
    Fixture {
        users: Users::new(SqlUsers::new(db), passwords.clone(), signer),
        passwords,
        verifier,
    }
}

fn grace() -> SignUp {
    SignUp {
        handle: "grace".to_owned(),
        display_name: "Grace Hopper".to_owned(),
        email: "grace@example.com".to_owned(),
        password: "correct horse".to_owned(),
        address: None,
    }
}

#[tokio::test]
async fn a_token_is_the_users_for_twelve_hours_with_the_scope_profile() {
    let Fixture { users, verifier, .. } = fixture().await;
    let before = Timestamp::now().millis() / 1000 * 1000;
    let signed_up = users.sign_up(grace()).await.unwrap();
    let after = Timestamp::now().millis();
    assert!(signed_up.user.id.starts_with("u_"), "{}", signed_up.user.id);
    assert_eq!(signed_up.user.tier, Tier::Standard);

    let signed_in = users.sign_in("grace", "correct horse".to_owned()).await.unwrap();
    assert_eq!(signed_in.user, signed_up.user);
    for signed in [&signed_up, &signed_in] {
        let identity = verifier.verify(&signed.token.token).await.unwrap();
        assert_eq!(identity, identity_of(&signed_up.user));
        assert_eq!(identity.scopes, ["profile"]);
    }
    let life = 12 * 3600 * 1000;
    assert!((before + life..=after + life).contains(&signed_up.token.expires_at.millis()));
}

#[tokio::test]
async fn an_unknown_handle_and_a_wrong_password_answer_the_same_after_the_same_work() {
    let Fixture { users, passwords, .. } = fixture().await;
    users.sign_up(grace()).await.unwrap();
    let mut answers = Vec::new();
    for (handle, password) in [
        ("grace", "wrong horse"),
        ("nobody", "correct horse"),
        ("", ""),
        ("GRACE", "correct horse"),
    ] {
        let before = passwords.checks();
        let error = users
            .sign_in(handle, password.to_owned())
            .await
            .err()
            .expect(handle);
        assert_eq!(passwords.checks(), before + 1, "{handle:?}: one verification");
        answers.push((error.code(), error.field().map(str::to_owned), error.to_string()));
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    assert_eq!(answers[0].0, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn the_email_is_for_the_user_itself_with_the_scope() {
    let Fixture { users, .. } = fixture().await;
    let user = users.sign_up(grace()).await.unwrap().user;
    let identity = |subject: &str, scopes: &[&str]| Identity {
        subject: subject.to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    };
    assert_eq!(
        email_for(Some(&identity(&user.id, &["x", "profile"])), &user).unwrap(),
        "grace@example.com"
    );
    for viewer in [
        None,
        Some(identity(&user.id, &[])),
        Some(identity(&user.id, &["profiles"])),
        Some(identity("u-1", &["profile"])),
    ] {
        let error = email_for(viewer.as_ref(), &user).unwrap_err();
        assert_eq!(error.code(), "FORBIDDEN", "{viewer:?}");
    }
}
