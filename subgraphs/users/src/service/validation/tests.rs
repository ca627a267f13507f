use kit::error::ErrorCode;

use super::*;

fn good() -> SignUp {
    SignUp {
        handle: "grace-h_1".to_owned(),
        display_name: "Grace Hopper".to_owned(),
        email: "grace@example.com".to_owned(),
        password: "12345678".to_owned(),
        address: Some(Address {
            city: "Köln".into(),
            postal_code: "50667".into(),
            country: "DE".into(),
        }),
    }
}

fn with(change: impl FnOnce(&mut SignUp)) -> Result<SignUp, UsersError> {
    let mut input = good();
    change(&mut input);
    input.validated()
}

fn with_address(change: impl FnOnce(&mut Address)) -> Result<SignUp, UsersError> {
    with(|input| change(input.address.as_mut().unwrap()))
}

fn refused(outcome: Result<SignUp, UsersError>, field: &str, words: &str) {
    let error = outcome
        .err()
        .unwrap_or_else(|| panic!("{field} was accepted, not refused as {words}"));
    assert_eq!((error.code(), error.field()), ("BAD_USER_INPUT", Some(field)));
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn good_input_is_tidied_up() {
    let checked = with(|input| {
        input.display_name = "  Grace Hopper\u{a0}".into();
        input.email = " Grace@Example.COM ".into();
        input.password = "  blanks count  ".into();
        input.address.as_mut().unwrap().city = " Köln ".into();
    })
    .unwrap();
    assert_eq!(checked.display_name, "Grace Hopper");
    assert_eq!(checked.email, "grace@example.com");
    assert_eq!(checked.password, "  blanks count  ");
    assert_eq!(checked.address.unwrap().city, "Köln");
    assert!(with(|input| input.address = None).is_ok());
}

#[test]
fn limits_are_inclusive() {
    for length in [1, HANDLE_MAX] {
        assert!(with(|input| input.handle = "a".repeat(length)).is_ok());
    }
    refused(
        with(|input| input.handle = "a".repeat(HANDLE_MAX + 1)),
        "handle",
        "longer than 30",
    );
    assert!(with(|input| input.display_name = "ß".repeat(DISPLAY_NAME_MAX)).is_ok());
    refused(
        with(|input| input.display_name = "ß".repeat(DISPLAY_NAME_MAX + 1)),
        "displayName",
        "longer than 80",
    );
    for length in [PASSWORD_MIN, PASSWORD_MAX] {
        assert!(with(|input| input.password = "ö".repeat(length)).is_ok());
    }
    for length in [0, PASSWORD_MIN - 1, PASSWORD_MAX + 1] {
        refused(
            with(|input| input.password = "ö".repeat(length)),
            "password",
            "8 to 128",
        );
    }
    let email = |local: usize, domain: usize| format!("{}@{}.de", "a".repeat(local), "b".repeat(domain));
    assert!(with(|input| input.email = email(64, EMAIL_MAX - 64 - 4)).is_ok());
    refused(
        with(|input| input.email = email(64, EMAIL_MAX - 64 - 3)),
        "email",
        "longer than 254",
    );
    refused(
        with(|input| input.email = email(65, 10)),
        "email",
        "must look like",
    );
    refused(
        with_address(|address| address.city = "x".repeat(101)),
        "address.city",
        "longer than 100",
    );
    refused(
        with_address(|address| address.postal_code = "1".repeat(17)),
        "address.postalCode",
        "longer than 16",
    );
}

#[test]
fn malformed_fields_are_named() {
    refused(with(|input| input.handle = String::new()), "handle", "empty");
    for handle in ["Ada", "adä", "a b", " ada", "ada\n", "1ada", "-ada", "a.b"] {
        refused(with(|input| input.handle = handle.into()), "handle", "lower-case");
    }
    for name in ["", "   ", "\u{a0}"] {
        refused(
            with(|input| input.display_name = name.into()),
            "displayName",
            "empty",
        );
    }
    refused(
        with(|input| input.display_name = "a\u{7}b".into()),
        "displayName",
        "control",
    );
    refused(with(|input| input.email = " ".into()), "email", "empty");
    for email in [
        "ada",
        "@example.com",
        "ada@",
        "ada@example",
        "ada@example..com",
        "ada@.com",
        "a@b@c.de",
        "a b@c.de",
    ] {
        refused(
            with(|input| input.email = email.into()),
            "email",
            "must look like",
        );
    }
    for country in ["", "de", "DEU", "XX", "UK"] {
        refused(
            with_address(|address| address.country = country.into()),
            "address.country",
            "ISO 3166-1",
        );
    }
    refused(
        with_address(|address| address.city = "".into()),
        "address.city",
        "empty",
    );
    refused(
        with_address(|address| address.postal_code = " ".into()),
        "address.postalCode",
        "empty",
    );
}
