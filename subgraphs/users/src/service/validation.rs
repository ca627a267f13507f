//! What an account may look like. Pure: text in, checked text or the first error out.

use super::country;
use crate::error::UsersError;
use crate::model::Address;

const HANDLE_MAX: usize = 30;
const DISPLAY_NAME_MAX: usize = 80;
/// The longest address that mail systems carry (RFC 5321).
const EMAIL_MAX: usize = 254;
const EMAIL_LOCAL_MAX: usize = 64;
const PASSWORD_MIN: usize = 8;
const PASSWORD_MAX: usize = 128;
const CITY_MAX: usize = 100;
const POSTAL_CODE_MAX: usize = 16;

/// A request for an account, as it came in or, from [`validated`](Self::validated), checked and tidied up.
#[derive(Clone)]
pub(crate) struct SignUp {
    pub(crate) handle: String,
    pub(crate) display_name: String,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) address: Option<Address>,
}

impl SignUp {
    /// Checks every field, in the order of the input type. Names and addresses lose surrounding blanks, the e-mail
    /// address becomes lower case; handle and password are taken as they are or not at all.
    pub(crate) fn validated(self) -> Result<Self, UsersError> {
        Ok(Self {
            handle: handle(self.handle)?,
            display_name: text(
                "displayName",
                "the display name",
                &self.display_name,
                DISPLAY_NAME_MAX,
            )?,
            email: email(&self.email)?,
            password: password(self.password)?,
            address: self.address.map(address).transpose()?,
        })
    }
}

fn handle(handle: String) -> Result<String, UsersError> {
    let wrong = |problem: String| UsersError::invalid("handle", problem);
    if handle.is_empty() {
        return Err(wrong("the handle is empty".to_owned()));
    }
    if handle.chars().count() > HANDLE_MAX {
        return Err(wrong(format!(
            "the handle is longer than {HANDLE_MAX} characters"
        )));
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if !handle.bytes().all(allowed) || !handle.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(wrong(
            "the handle must begin with a letter and consist of lower-case letters a to z, digits, - and _"
                .to_owned(),
        ));
    }
    Ok(handle)
}

fn email(email: &str) -> Result<String, UsersError> {
    let wrong = |problem: String| UsersError::invalid("email", problem);
    let email = email.trim().to_lowercase();
    if email.is_empty() {
        return Err(wrong("the e-mail address is empty".to_owned()));
    }
    if email.len() > EMAIL_MAX {
        return Err(wrong(format!(
            "the e-mail address is longer than {EMAIL_MAX} bytes"
        )));
    }
    // Only a message proves an address; this finds what cannot be one.
    let plausible = match email.split_once('@') {
        Some((local, domain)) => {
            let clean = !email.chars().any(|c| c.is_whitespace() || c.is_control());
            let labels: Vec<&str> = domain.split('.').collect();
            let local_fits = (1..=EMAIL_LOCAL_MAX).contains(&local.len());
            clean && local_fits && !domain.contains('@') && labels.len() > 1 && !labels.contains(&"")
        }
        None => false,
    };
    if plausible {
        Ok(email)
    } else {
        Err(wrong(
            "the e-mail address must look like name@example.com".to_owned(),
        ))
    }
}

fn password(password: String) -> Result<String, UsersError> {
    let length = password.chars().count();
    if (PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
        return Ok(password);
    }
    let problem = format!("the password must have {PASSWORD_MIN} to {PASSWORD_MAX} characters, not {length}");
    Err(UsersError::invalid("password", problem))
}

fn address(address: Address) -> Result<Address, UsersError> {
    let city = text("address.city", "the city", &address.city, CITY_MAX)?;
    let postal_code = text(
        "address.postalCode",
        "the postal code",
        &address.postal_code,
        POSTAL_CODE_MAX,
    )?;
    if !country::is_assigned(&address.country) {
        let problem = "the country must be an ISO 3166-1 alpha-2 code in upper case, such as DE";
        return Err(UsersError::invalid("address.country", problem));
    }
    Ok(Address {
        city,
        postal_code,
        country: address.country,
    })
}

/// One line of text for people.
fn text(field: &'static str, name: &str, value: &str, max: usize) -> Result<String, UsersError> {
    let value = value.trim();
    if value.is_empty() {
        return Err(UsersError::invalid(field, format!("{name} is empty")));
    }
    if value.chars().count() > max {
        return Err(UsersError::invalid(
            field,
            format!("{name} is longer than {max} characters"),
        ));
    }
    if value.chars().any(char::is_control) {
        return Err(UsersError::invalid(
            field,
            format!("{name} contains control characters"),
        ));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests;
