//! Values that a gateway brings along for `@external` fields and `@requires`.
//!
//! They are taken loosely (any JSON) where the entity is made, and judged only where a field needs them: a
//! representation that lacks one must cost that field alone, not the whole `_entities` list.

use async_graphql::{Any, Error, MaybeUndefined, Value};
use kit::error::graphql;

use crate::terms::{Country, Tier};

/// A field of a representation: absent, null, or any JSON.
pub(super) type Given = MaybeUndefined<Any>;

/// `buyer { address { country } }` of an order. `None`: the buyer is gone or has no address.
pub(super) fn buyer_country(buyer: &Given) -> Result<Option<Country>, Error> {
    let field = Field {
        of: "Order.shipTo",
        needs: "buyer { address { country } }",
    };
    let Some(buyer) = field.present(buyer)? else {
        return Ok(None);
    };
    let Some(address) = field.nested(buyer, "address")? else {
        return Ok(None);
    };
    match field.nested(address, "country")? {
        Some(country) => field.country(country).map(Some),
        None => Err(field.invalid("a country that is null")),
    }
}

/// `country` of a user's address.
pub(super) fn address_country(address: &Given) -> Result<Option<Country>, Error> {
    let field = Field {
        of: "User.address",
        needs: "address { country }",
    };
    let Some(address) = field.present(address)? else {
        return Ok(None);
    };
    match field.nested(address, "country")? {
        Some(country) => field.country(country).map(Some),
        None => Err(field.invalid("a country that is null")),
    }
}

/// `tier` of a user, for the field `of`.
pub(super) fn tier(tier: &Given, of: &'static str) -> Result<Tier, Error> {
    let field = Field { of, needs: "tier" };
    match field.present(tier)? {
        Some(Value::String(name)) => Tier::parse(name),
        Some(Value::Enum(name)) => Tier::parse(name),
        _ => None,
    }
    .ok_or_else(|| field.invalid("something else than STANDARD, SILVER or GOLD"))
}

/// `weightGrams` of a product, for the field `of`.
pub(super) fn weight_grams(weight: &Given, of: &'static str) -> Result<u32, Error> {
    let field = Field {
        of,
        needs: "weightGrams",
    };
    match field.present(weight)? {
        Some(Value::Number(number)) => number
            .as_u64()
            .and_then(|grams| i32::try_from(grams).ok())
            .and_then(|grams| u32::try_from(grams).ok()),
        _ => None,
    }
    .ok_or_else(|| field.invalid("something else than an Int of 0 or more"))
}

/// `sku` of a product, for the field `of`.
pub(super) fn sku(sku: &Given, of: &'static str) -> Result<String, Error> {
    let field = Field { of, needs: "sku" };
    match field.present(sku)? {
        Some(Value::String(sku)) => Ok(sku.clone()),
        _ => Err(field.invalid("something else than a String")),
    }
}

/// The field that needs a value, and the selection it needs: for messages.
struct Field {
    of: &'static str,
    needs: &'static str,
}

impl Field {
    fn present<'a>(&self, given: &'a Given) -> Result<Option<&'a Value>, Error> {
        match given {
            MaybeUndefined::Undefined => Err(self.missing()),
            MaybeUndefined::Null => Ok(None),
            MaybeUndefined::Value(Any(value)) => Ok(Some(value)),
        }
    }

    fn nested<'a>(&self, parent: &'a Value, name: &str) -> Result<Option<&'a Value>, Error> {
        let Value::Object(fields) = parent else {
            return Err(self.invalid(&format!("something else than an object around {name}")));
        };
        match fields.get(name) {
            None => Err(self.missing()),
            Some(Value::Null) => Ok(None),
            Some(value) => Ok(Some(value)),
        }
    }

    fn country(&self, value: &Value) -> Result<Country, Error> {
        let country = match value {
            Value::String(text) => Country::parse(text),
            _ => None,
        };
        country.ok_or_else(|| self.invalid("something else than an ISO 3166-1 alpha-2 code such as DE"))
    }

    fn missing(&self) -> Error {
        let Self { of, needs } = self;
        graphql(
            "REQUIRED_FIELD_MISSING",
            format!(
                "{of} needs `{needs}` in the representation, which lacks it: query it through the gateway"
            ),
        )
    }

    fn invalid(&self, found: &str) -> Error {
        let Self { of, needs } = self;
        graphql(
            "REQUIRED_FIELD_INVALID",
            format!("{of} needs `{needs}`, but the representation holds {found}"),
        )
    }
}
