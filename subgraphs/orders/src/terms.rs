//! The shop's terms: where parcels go, how long that takes, what it costs, and what a tier is worth.
//!
//! Pure rules over plain values: no database, no clock, no GraphQL.

/// How far a country is from the warehouse, which stands in Germany.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    Domestic,
    Eu,
    World,
}

impl Zone {
    /// Days from the warehouse to the door.
    pub(crate) fn estimated_days(self) -> i32 {
        match self {
            Self::Domestic => 2,
            Self::Eu => 5,
            Self::World => 12,
        }
    }

    /// The fee for one parcel in minor units: a base that covers the first kilogram, and a step for each further
    /// started one. Fits an `Int` for every weight that is one.
    pub(crate) fn fee_minor(self, weight_grams: u32) -> i64 {
        let (base, per_kilogram) = match self {
            Self::Domestic => (490, 50),
            Self::Eu => (990, 150),
            Self::World => (1990, 450),
        };
        let kilograms = i64::from(weight_grams.div_ceil(1000).max(1));
        base + per_kilogram * (kilograms - 1)
    }
}

/// An ISO 3166-1 alpha-2 code in upper case. Only the form is checked, not that the country exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Country(String);

const EU_WITHOUT_GERMANY: [&str; 26] = [
    "AT", "BE", "BG", "CY", "CZ", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
    "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

impl Country {
    /// `None` unless the text is two letters `A..=Z`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let two_letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        two_letters.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn zone(&self) -> Zone {
        match self.as_str() {
            "DE" => Zone::Domestic,
            country if EU_WITHOUT_GERMANY.contains(&country) => Zone::Eu,
            _ => Zone::World,
        }
    }
}

/// How the shop values a customer. The users service decides it; here it only sets the discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    Standard,
    Silver,
    Gold,
}

impl Tier {
    /// Reads the name of the GraphQL enum value.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "STANDARD" => Some(Self::Standard),
            "SILVER" => Some(Self::Silver),
            "GOLD" => Some(Self::Gold),
            _ => None,
        }
    }

    /// In percent, `0..=100`.
    pub(crate) fn discount_percent(self) -> i32 {
        match self {
            Self::Standard => 0,
            Self::Silver => 5,
            Self::Gold => 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_upper_case_letters() {
        for bad in ["", "D", "de", "DEU", "D1", "Ä"] {
            assert_eq!(Country::parse(bad), None, "{bad}");
        }
        let zone = |code: &str| Country::parse(code).unwrap().zone();
        assert_eq!(
            (zone("DE"), zone("FR"), zone("CH")),
            (Zone::Domestic, Zone::Eu, Zone::World)
        );
    }

    #[test]
    fn the_fee_steps_with_each_started_kilogram() {
        let fees = [0, 1, 1000, 1001, 2000, 2001].map(|grams| Zone::Domestic.fee_minor(grams));
        assert_eq!(fees, [490, 490, 490, 540, 540, 590]);
        assert!(Zone::World.fee_minor(i32::MAX as u32) <= i64::from(i32::MAX));
    }
}
