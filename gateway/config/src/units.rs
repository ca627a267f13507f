//! Times, sizes and shares, as they are written.

use std::time::Duration;

use crate::{ConfigError, validate::At};

impl At<'_> {
    /// `250ms`, `5s`, `1m`, `2h`.
    pub(crate) fn duration(&self, key: &str, text: &str) -> Result<Duration, ConfigError> {
        match self.duration_or_none(key, text)? {
            Duration::ZERO => Err(self.invalid(key, format!("`{text}` is not a time like 250ms, 5s or 1m"))),
            duration => Ok(duration),
        }
    }

    /// The same, or `0s`, or `0`.
    pub(crate) fn duration_or_none(&self, key: &str, text: &str) -> Result<Duration, ConfigError> {
        let (number, unit) = split(text);
        let millis_per_unit = match unit {
            "ms" => Some(1_u64),
            "s" => Some(1000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            "" if number == "0" => Some(0),
            _ => None,
        };
        millis_per_unit
            .zip(number.parse::<u64>().ok())
            .and_then(|(per, count)| per.checked_mul(count))
            .map(Duration::from_millis)
            .ok_or_else(|| self.invalid(key, format!("`{text}` is not a time like 250ms, 5s or 1m")))
    }

    /// `64MiB`, `512KiB`, or a number of bytes.
    pub(crate) fn size(&self, key: &str, text: &str) -> Result<u64, ConfigError> {
        let (number, unit) = split(text);
        let bytes_per_unit = match unit {
            "" | "B" => Some(1_u64),
            "KiB" => Some(1 << 10),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        };
        bytes_per_unit
            .zip(number.parse::<u64>().ok())
            .and_then(|(per, count)| per.checked_mul(count))
            .ok_or_else(|| {
                self.invalid(
                    key,
                    format!("`{text}` is not a size like 64MiB, 512KiB or 1000 (bytes)"),
                )
            })
    }
}

/// The number and its unit.
fn split(text: &str) -> (&str, &str) {
    let split = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    (number, unit.trim())
}
