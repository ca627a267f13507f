//! The demo shop's users: the same ones for the same number, on every machine. No clock, no randomness of the system.

use kit::Timestamp;
use kit::seed::Rng;

use crate::model::{Account, Address, Tier, User};
use crate::service::{PasswordError, hash_with_salt};

/// The handle of the first user, `u-1`.
pub(crate) const DEMO_HANDLE: &str = "ada";
/// Every seeded user's password.
pub(crate) const DEMO_PASSWORD: &str = "causeway-demo";

/// 2026-01-01T00:00:00Z.
const EPOCH_MS: i64 = 1_767_225_600_000;
const MINUTE_MS: i64 = 60_000;
const RNG_SEED: u64 = 0x0075_5345_5253;
/// One hash serves all: its salt has nothing to protect.
const SALT: &[u8; 16] = b"causeway demo 01";

/// A country's names and places. Handles are made of the ASCII form of the first name.
struct Country {
    code: &'static str,
    first_names: &'static [(&'static str, &'static str)],
    last_names: &'static [&'static str],
    /// City and postal code.
    places: &'static [(&'static str, &'static str)],
}

const COUNTRIES: &[Country] = &[
    Country {
        code: "DE",
        first_names: &[
            ("Jürgen", "juergen"),
            ("Lena", "lena"),
            ("Klaus", "klaus"),
            ("Käthe", "kaethe"),
            ("Emil", "emil"),
        ],
        last_names: &["Weiß", "Schneider", "Krüger", "Hoffmann", "Vogel", "Brandt"],
        places: &[
            ("Berlin", "10115"),
            ("Köln", "50667"),
            ("Leipzig", "04109"),
            ("Hamburg", "20095"),
        ],
    },
    Country {
        code: "FR",
        first_names: &[
            ("Zoé", "zoe"),
            ("Étienne", "etienne"),
            ("Margaux", "margaux"),
            ("Luc", "luc"),
        ],
        last_names: &["Moreau", "Lefèvre", "Garnier", "Dubois", "Chevalier"],
        places: &[("Lyon", "69002"), ("Nantes", "44000"), ("Paris", "75011")],
    },
    Country {
        code: "ES",
        first_names: &[
            ("Íñigo", "inigo"),
            ("Carmen", "carmen"),
            ("Álvaro", "alvaro"),
            ("Nuria", "nuria"),
        ],
        last_names: &["García", "Ibáñez", "Molina", "Ortega", "Serrano"],
        places: &[("Sevilla", "41001"), ("Bilbao", "48001"), ("Valencia", "46002")],
    },
    Country {
        code: "PL",
        first_names: &[
            ("Zofia", "zofia"),
            ("Łukasz", "lukasz"),
            ("Agnieszka", "agnieszka"),
            ("Piotr", "piotr"),
        ],
        last_names: &["Wiśniewska", "Kowalczyk", "Zając", "Dąbrowski"],
        places: &[("Kraków", "31-001"), ("Gdańsk", "80-831")],
    },
    Country {
        code: "GB",
        first_names: &[
            ("Rosalind", "rosalind"),
            ("Alan", "alan"),
            ("Priya", "priya"),
            ("Oliver", "oliver"),
        ],
        last_names: &["Clarke", "Fletcher", "Patel", "Whitfield", "Hughes"],
        places: &[("Bristol", "BS1 4ST"), ("Leeds", "LS1 6AG"), ("London", "E1 6AN")],
    },
    Country {
        code: "US",
        first_names: &[
            ("Grace", "grace"),
            ("Marcus", "marcus"),
            ("Delia", "delia"),
            ("Walter", "walter"),
        ],
        last_names: &["Johnson", "Ramirez", "Nakamura", "O'Connor", "Freeman"],
        places: &[("Portland", "97205"), ("Austin", "78701"), ("Boston", "02108")],
    },
    Country {
        code: "JP",
        first_names: &[
            ("Haruki", "haruki"),
            ("Yui", "yui"),
            ("Kenji", "kenji"),
            ("Aoi", "aoi"),
        ],
        last_names: &["Tanaka", "Mori", "Fujimoto", "Ishikawa"],
        places: &[("Kyoto", "604-8571"), ("Sapporo", "060-0001")],
    },
    Country {
        code: "BR",
        first_names: &[
            ("João", "joao"),
            ("Beatriz", "beatriz"),
            ("Thiago", "thiago"),
            ("Luísa", "luisa"),
        ],
        last_names: &["Silva", "Araújo", "Monteiro", "Cardoso"],
        places: &[("Recife", "50030-230"), ("Curitiba", "80020-300")],
    },
];

/// The users `u-1` to `u-{count}`. Costs one password hash: call it off the runtime.
pub(crate) fn accounts(count: u32) -> Result<Vec<Account>, PasswordError> {
    let password_hash = hash_with_salt(DEMO_PASSWORD, SALT)?;
    let mut rng = Rng::new(RNG_SEED);
    let account = |number| {
        let user = if number == 1 {
            ada()
        } else {
            someone(number, &mut rng)
        };
        Account {
            user,
            password_hash: password_hash.clone(),
        }
    };
    Ok((1..=count).map(account).collect())
}

fn ada() -> User {
    User {
        id: "u-1".to_owned(),
        handle: DEMO_HANDLE.to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        email: "ada@example.com".to_owned(),
        tier: Tier::Gold,
        address: Some(Address {
            city: "Berlin".into(),
            postal_code: "10117".into(),
            country: "DE".into(),
        }),
        joined_at: Timestamp(EPOCH_MS),
    }
}

fn someone(number: u32, rng: &mut Rng) -> User {
    let country = rng.pick(COUNTRIES);
    let (first_name, ascii) = rng.pick(country.first_names);
    let last_name = rng.pick(country.last_names);
    let (city, postal_code) = rng.pick(country.places);
    let address = Address {
        city: (*city).to_owned(),
        postal_code: (*postal_code).to_owned(),
        country: country.code.to_owned(),
    };
    let tier = match rng.below(10) {
        0 => Tier::Gold,
        1..=3 => Tier::Silver,
        _ => Tier::Standard,
    };
    let without_address = rng.chance(15);
    // The number makes handle and e-mail address unique.
    let handle = format!("{ascii}{number}");
    User {
        id: format!("u-{number}"),
        display_name: format!("{first_name} {last_name}"),
        email: format!("{handle}@example.com"),
        handle,
        tier,
        address: (!without_address).then_some(address),
        joined_at: Timestamp(EPOCH_MS + i64::from(number - 1) * 37 * MINUTE_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::SignUp;

    #[test]
    fn the_seed_is_the_same_every_time_and_grows_at_its_end() {
        let fifty = accounts(50).unwrap();
        assert_eq!(fifty, accounts(50).unwrap());
        assert_eq!(
            accounts(60).unwrap()[..50],
            fifty,
            "a larger shop has the smaller one's users"
        );
        assert_eq!(
            (fifty[0].user.id.as_str(), fifty[0].user.handle.as_str()),
            ("u-1", "ada")
        );
        assert_eq!(fifty[0].user.email, "ada@example.com");
        assert!(accounts(0).unwrap().is_empty());
    }

    #[test]
    fn seeded_users_keep_the_rules_of_sign_up() {
        let accounts = accounts(500).unwrap();
        for Account { user, .. } in &accounts {
            let input = SignUp {
                handle: user.handle.clone(),
                display_name: user.display_name.clone(),
                email: user.email.clone(),
                password: DEMO_PASSWORD.to_owned(),
                address: user.address.clone(),
            };
            input
                .validated()
                .unwrap_or_else(|error| panic!("{}: {error}", user.id));
        }
        let handles: std::collections::HashSet<_> =
            accounts.iter().map(|account| &account.user.handle).collect();
        assert_eq!(handles.len(), accounts.len());
        let without = accounts
            .iter()
            .filter(|account| account.user.address.is_none())
            .count();
        assert!((1..250).contains(&without), "{without} of 500 without an address");
    }
}
