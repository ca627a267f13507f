//! Signing up and in, and who sees what.

use serde_json::{Value, json};

use super::{Answer, Service};

const SIGN_UP: &str = "mutation($input: SignUpInput!) {
    signUp(input: $input) { token expiresAt user { id handle displayName email tier address { city country } } } }";

fn grace() -> Value {
    json!({
        "handle": "grace", "displayName": "Grace Hopper", "email": "grace@navy.example", "password": "correct horse",
        "address": { "city": "Arlington", "postalCode": "22201", "country": "US" },
    })
}

async fn sign_up(service: &Service, input: &Value) -> Answer {
    service.ask(None, SIGN_UP, json!({ "input": input })).await
}

async fn count(service: &Service) -> i64 {
    let db = &service.database;
    kit::on_engine!(db, pool => sqlx::query_scalar("SELECT COUNT(*) FROM users").fetch_one(pool).await)
        .unwrap()
}

#[tokio::test]
async fn a_new_user_signs_up_and_is_known_from_then_on() {
    let service = Service::start().await;
    let Answer { body, .. } = sign_up(&service, &grace()).await;
    let auth = &body["data"]["signUp"];
    assert_eq!(body["errors"], Value::Null, "{body}");
    assert_eq!(
        auth["user"]["email"], "grace@navy.example",
        "the new user sees its own address at once"
    );
    assert_eq!(auth["user"]["tier"], "STANDARD");
    assert_eq!(
        auth["user"]["address"],
        json!({ "city": "Arlington", "country": "US" })
    );
    assert!(auth["expiresAt"].as_str().unwrap().ends_with("000Z"), "{auth}");

    let token = auth["token"].as_str().unwrap();
    let me = service
        .data(Some(token), "{ me { handle email joinedAt } }", json!({}))
        .await;
    assert_eq!(
        (&me["me"]["handle"], &me["me"]["email"]),
        (&json!("grace"), &json!("grace@navy.example"))
    );

    let credentials = json!({ "input": { "handle": "grace", "password": "correct horse" } });
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { user { id } } }";
    let signed_in = service.data(None, query, credentials).await;
    assert_eq!(signed_in["signIn"]["user"]["id"], auth["user"]["id"]);
    service.stop().await;
}

#[tokio::test]
async fn bad_input_is_named_and_writes_nothing() {
    let service = Service::start().await;
    let before = count(&service).await;
    let long = "x".repeat(200);
    for (pointer, value, code, field) in [
        ("/handle", "", "BAD_USER_INPUT", "handle"),
        ("/handle", &long, "BAD_USER_INPUT", "handle"),
        ("/handle", "Grace Hopper", "BAD_USER_INPUT", "handle"),
        ("/handle", "ada", "HANDLE_TAKEN", "handle"),
        ("/displayName", " ", "BAD_USER_INPUT", "displayName"),
        ("/displayName", &long, "BAD_USER_INPUT", "displayName"),
        ("/email", "grace", "BAD_USER_INPUT", "email"),
        ("/email", "ADA@example.com", "EMAIL_TAKEN", "email"),
        ("/password", "1234567", "BAD_USER_INPUT", "password"),
        ("/password", &long, "BAD_USER_INPUT", "password"),
        ("/address/country", "us", "BAD_USER_INPUT", "address.country"),
        ("/address/city", "", "BAD_USER_INPUT", "address.city"),
    ] {
        let mut input = grace();
        *input.pointer_mut(pointer).unwrap() = json!(value);
        let answer = sign_up(&service, &input).await;
        assert_eq!(answer.code(), code, "{pointer} {value}");
        assert_eq!(
            answer.body["errors"][0]["extensions"]["field"], field,
            "{pointer} {value}"
        );
        assert_eq!(answer.body["data"], json!({ "signUp": null }));
    }
    assert_eq!(count(&service).await, before);
    assert_eq!(
        sign_up(&service, &grace()).await.body["errors"],
        Value::Null,
        "the good input is good"
    );
    assert_eq!(count(&service).await, before + 1);
    service.stop().await;
}

#[tokio::test]
async fn wrong_credentials_are_one_error() {
    let service = Service::start().await;
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { token } }";
    let mut answers = Vec::new();
    for (handle, password) in [
        ("ada", "wrong"),
        ("nobody", "causeway-demo"),
        ("Ada", "causeway-demo"),
        ("ada", ""),
    ] {
        let input = json!({ "input": { "handle": handle, "password": password } });
        let answer = service.ask(None, query, input).await;
        assert_eq!(answer.code(), "INVALID_CREDENTIALS", "{handle} {password}");
        answers.push(answer.body.to_string());
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    service.stop().await;
}

#[tokio::test]
async fn an_email_is_for_its_owner_and_null_with_an_error_for_others() {
    let service = Service::start().await;
    let token = service.sign_in("ada").await;
    let own = service.data(Some(&token), "{ me { id email } }", json!({})).await;
    assert_eq!(own, json!({ "me": { "id": "u-1", "email": "ada@example.com" } }));

    let query =
        "{ mine: user(id: \"u-1\") { email handle } theirs: user(id: \"u-2\") { secret: email tier } }";
    for (token, forbidden) in [
        (Some(token.as_str()), vec!["theirs"]),
        (None, vec!["mine", "theirs"]),
    ] {
        let Answer { body, status } = service.ask(token, query, json!({})).await;
        assert_eq!(status, 200);
        let errors = body["errors"].as_array().unwrap();
        assert!(
            errors
                .iter()
                .all(|error| error["extensions"]["code"] == "FORBIDDEN"),
            "{body}"
        );
        let mut paths: Vec<&str> = errors
            .iter()
            .map(|error| error["path"][0].as_str().unwrap())
            .collect();
        paths.sort_unstable();
        assert_eq!(paths, forbidden);
        assert_eq!(
            body["data"]["theirs"].as_object().unwrap().get("secret"),
            Some(&Value::Null),
            "null, not absent"
        );
        assert_ne!(
            body["data"]["theirs"]["tier"],
            Value::Null,
            "the rest of the user is there"
        );
    }
    service.stop().await;
}

#[tokio::test]
async fn without_a_token_nobody_is_me_and_a_bad_token_is_refused() {
    let service = Service::start().await;
    let ask = |token| service.ask(token, "{ me { id } user(id: \"u-1\") { id } }", json!({}));
    assert_eq!(
        ask(None).await.body["data"],
        json!({ "me": null, "user": { "id": "u-1" } })
    );
    let answer = ask(Some("x.y.z")).await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"));
    assert_eq!(answer.body.get("data"), None);
    service.stop().await;
}

#[tokio::test]
async fn one_request_cannot_try_many_passwords() {
    let service = Service::start().await;
    let attempts: String = (0..20)
        .map(|n| format!("a{n}: signIn(input: {{ handle: \"ada\", password: \"{n}\" }}) {{ token }} "))
        .collect();
    let answer = service
        .ask(None, &format!("mutation {{ {attempts} }}"), json!({}))
        .await;
    assert!(
        answer.body["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("complex"),
        "{}",
        answer.body
    );
    assert_eq!(answer.body["data"], Value::Null);
    service.stop().await;
}
