//! `override_labels`.

use crate::{
    ConfigError, OverrideLabels, headers,
    raw::{RawOverrideLabels, RawOverrides},
    validate::At,
};

pub(crate) fn validate(at: &At<'_>, raw: RawOverrideLabels) -> Result<OverrideLabels, ConfigError> {
    let RawOverrides { always, header } = match raw {
        RawOverrideLabels::Always(always) => RawOverrides { always, header: None },
        RawOverrideLabels::Full(full) => full,
    };
    if let Some(percentage) = always.iter().find(|label| label.starts_with("percent(")) {
        let reason = format!(
            "`{percentage}` is decided at random for each request; to turn it on for all, change the label in the subgraph to \
             percent(100)"
        );
        return Err(at.invalid("override_labels", reason));
    }
    let header = header
        .map(|name| headers::name(at, "override_labels.header", &name))
        .transpose()?;
    Ok(OverrideLabels { always, header })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{Config, ConfigError, parse};

    fn read(labels: &str) -> Result<Config, ConfigError> {
        parse(
            &format!("supergraph: s.graphql\noverride_labels: {labels}"),
            Path::new("causeway.yaml"),
        )
    }

    #[test]
    fn labels_are_a_list_or_stand_beside_a_header() {
        let config = read("[a, b]").unwrap();
        assert_eq!(config.override_labels.always, ["a", "b"]);
        assert_eq!(config.override_labels.header, None);
        let config = read("{ always: [a], header: X-Labels }").unwrap();
        assert_eq!(config.override_labels.header.as_deref(), Some("x-labels"));
        for wrong in [
            "[percent(5)]",
            "{ header: \"a b\" }",
            "{ header: Host }",
            "{ heder: x }",
            "a",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
