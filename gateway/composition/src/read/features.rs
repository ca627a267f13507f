//! Which specifications a supergraph uses, and under which names: `@link`, or `@core` as it was called before.

use apollo_compiler::{Name, Schema, ast::Directive};

use super::ReadError;
use crate::link::{FeatureUrl, Link, Version, argument, read_link};
use crate::spec::SPECS_HOST;

/// The specifications that this gateway knows, each with its newest version.
const KNOWN: [(&str, Version); 12] = [
    ("core", Version::new(0, 2)),
    ("link", Version::new(1, 0)),
    ("join", Version::new(0, 5)),
    ("tag", Version::new(0, 3)),
    ("inaccessible", Version::new(0, 2)),
    ("authenticated", Version::new(0, 1)),
    ("requiresScopes", Version::new(0, 1)),
    ("policy", Version::new(0, 1)),
    ("cost", Version::new(0, 1)),
    ("context", Version::new(0, 1)),
    ("cacheTag", Version::new(0, 1)),
    ("federation", Version::new(2, 15)),
];

/// Specifications with more directives than the one of their name.
const MORE_DIRECTIVES: [(&str, &str); 3] = [
    ("cost", "listSize"),
    ("context", "fromContext"),
    ("federation", "composeDirective"),
];

pub(crate) struct Features {
    links: Vec<Link>,
}

impl Features {
    /// # Errors
    /// A specification that the gateway must know to serve the graph, and does not.
    pub(super) fn read(schema: &Schema) -> Result<Self, ReadError> {
        let features = Self::names(schema);
        for application in &schema.schema_definition.directives.0 {
            let purpose = argument(application, "for").and_then(|value| value.as_enum());
            if let Ok(link) = read_link(application, &mut Vec::new())
                && features.links.iter().any(|known| known.url == link.url)
            {
                check(&link.url, purpose)?;
            }
        }
        Ok(features)
    }

    /// Only the names, for whoever reads a schema that was served before.
    pub(crate) fn names(schema: &Schema) -> Self {
        let applied = &schema.schema_definition.directives.0;
        let own = |directive: &Directive| {
            let url = argument(directive, "url").or_else(|| argument(directive, "feature"));
            url.and_then(|url| url.as_str()).is_some_and(|url| {
                ["link", "core"]
                    .iter()
                    .any(|spec| url.starts_with(&format!("{SPECS_HOST}/{spec}/")))
            })
        };
        let name = applied
            .iter()
            .find(|directive| own(directive))
            .map_or("link", |directive| directive.name.as_str());
        let links = applied
            .iter()
            .filter(|directive| directive.name == name)
            .filter_map(|directive| read_link(directive, &mut Vec::new()).ok())
            .collect();
        Self { links }
    }

    /// The version of one of the known specifications, if the supergraph says it.
    pub(super) fn version(&self, spec: &str) -> Option<Version> {
        self.link(spec).map(|link| link.url.version)
    }

    /// The name that the directive of a specification has here, without `@`.
    pub(crate) fn directive(&self, spec: &str) -> String {
        self.link(spec)
            .map_or_else(|| spec.to_owned(), |link| link.local_directive(spec))
    }

    /// Whether a directive belongs to a specification.
    pub(super) fn is_spec_directive(&self, name: &str) -> bool {
        let mut known = KNOWN
            .iter()
            .map(|(spec, _)| (*spec, *spec))
            .chain(MORE_DIRECTIVES);
        known.any(|(spec, directive)| {
            self.link(spec)
                .map_or(directive == name, |link| link.local_directive(directive) == name)
        }) || self.is_spec_name(name)
    }

    /// Whether a type belongs to a specification.
    pub(super) fn is_spec_type(&self, name: &Name) -> bool {
        let imported = |link: &Link| link.imports.iter().any(|import| import.local() == name.as_str());
        self.is_spec_name(name) || self.links.iter().any(imported)
    }

    /// Whether a name has the prefix of a specification.
    fn is_spec_name(&self, name: &str) -> bool {
        !name.starts_with("__")
            && name.split_once("__").is_some_and(|(prefix, _)| {
                KNOWN.iter().any(|(spec, _)| *spec == prefix)
                    || self.links.iter().any(|link| link.prefix() == prefix)
            })
    }

    fn link(&self, spec: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.url.is_apollo(spec))
    }
}

/// What is linked for security or execution has to be understood; the rest is for others to read.
fn check(url: &FeatureUrl, purpose: Option<&Name>) -> Result<(), ReadError> {
    let known = KNOWN
        .iter()
        .any(|(spec, newest)| url.is_apollo(spec) && url.version <= *newest);
    let purpose = match purpose {
        Some(purpose) if purpose == "SECURITY" || purpose == "EXECUTION" => purpose.as_str(),
        // Before core v0.2 there were no purposes.
        _ if url.is_apollo("join") => "EXECUTION",
        _ => return Ok(()),
    };
    if known {
        return Ok(());
    }
    Err(ReadError::UnsupportedFeature {
        url: url.to_string(),
        purpose: purpose.to_owned(),
    })
}
