//! Keys that may be a word instead: `on`, `off`, or the longer form.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// `true` or `on`, `false` or `off`, or keys.
#[derive(Debug)]
pub(crate) enum Switch<T> {
    Word(bool),
    Keys(T),
}

/// The longer form of a switch.
pub(crate) trait Keys {
    /// One of the keys, for messages.
    const EXAMPLE: &'static str;
}

impl<'de, T: Keys + Deserialize<'de>> Deserialize<'de> for Switch<T> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SwitchVisitor(PhantomData))
    }
}

/// By hand: an untagged enum would not say which key is unknown.
struct SwitchVisitor<T>(PhantomData<T>);

impl<'de, T: Keys + Deserialize<'de>> Visitor<'de> for SwitchVisitor<T> {
    type Value = Switch<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`on`, `off`, or keys like `{}`", T::EXAMPLE)
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<Switch<T>, E> {
        Ok(Switch::Word(on))
    }

    /// YAML 1.2 reads `on` and `off` as words.
    fn visit_str<E: de::Error>(self, word: &str) -> Result<Switch<T>, E> {
        match word.to_ascii_lowercase().as_str() {
            "on" => Ok(Switch::Word(true)),
            "off" => Ok(Switch::Word(false)),
            _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Switch<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Switch::Keys)
    }
}
