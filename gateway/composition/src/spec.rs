//! What the federation specifications define: directives, since when, with which arguments.
//!
//! Knowledge only. Nothing here looks at a subgraph's schema beyond the names of its links.

use crate::link::Version;

pub(crate) const SPECS_HOST: &str = "https://specs.apollo.dev";

/// The newest federation version understood.
pub(crate) const NEWEST: Version = Version::new(2, 15);
pub(crate) const FEDERATION_1: Version = Version::new(1, 0);

/// A directive of the federation specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Fed {
    Key,
    Requires,
    Provides,
    External,
    Extends,
    Tag,
    Shareable,
    Inaccessible,
    Override,
    ComposeDirective,
    InterfaceObject,
    Authenticated,
    RequiresScopes,
    Policy,
    Context,
    FromContext,
    Cost,
    ListSize,
    CacheTag,
}

impl Fed {
    pub(crate) const ALL: [Self; 19] = [
        Self::Key,
        Self::Requires,
        Self::Provides,
        Self::External,
        Self::Extends,
        Self::Tag,
        Self::Shareable,
        Self::Inaccessible,
        Self::Override,
        Self::ComposeDirective,
        Self::InterfaceObject,
        Self::Authenticated,
        Self::RequiresScopes,
        Self::Policy,
        Self::Context,
        Self::FromContext,
        Self::Cost,
        Self::ListSize,
        Self::CacheTag,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Requires => "requires",
            Self::Provides => "provides",
            Self::External => "external",
            Self::Extends => "extends",
            Self::Tag => "tag",
            Self::Shareable => "shareable",
            Self::Inaccessible => "inaccessible",
            Self::Override => "override",
            Self::ComposeDirective => "composeDirective",
            Self::InterfaceObject => "interfaceObject",
            Self::Authenticated => "authenticated",
            Self::RequiresScopes => "requiresScopes",
            Self::Policy => "policy",
            Self::Context => "context",
            Self::FromContext => "fromContext",
            Self::Cost => "cost",
            Self::ListSize => "listSize",
            Self::CacheTag => "cacheTag",
        }
    }

    /// The first federation 2 minor version that has this directive.
    fn since(self) -> u32 {
        match self {
            Self::ComposeDirective => 1,
            Self::InterfaceObject => 3,
            Self::Authenticated | Self::RequiresScopes => 5,
            Self::Policy => 6,
            Self::Context | Self::FromContext => 8,
            Self::Cost | Self::ListSize => 9,
            Self::CacheTag => 12,
            _ => 0,
        }
    }

    pub(crate) fn known_in(self, version: Version) -> bool {
        version.major == 2 && version.minor >= self.since()
    }

    pub(crate) fn in_federation_1(self) -> bool {
        matches!(
            self,
            Self::Key | Self::Requires | Self::Provides | Self::External | Self::Extends | Self::Tag
        )
    }

    /// The specification that the supergraph links for this directive; subgraphs may link it by itself too.
    pub(crate) fn own_spec(self) -> &'static str {
        match self {
            Self::ListSize => "cost",
            Self::FromContext => "context",
            _ => self.name(),
        }
    }

    /// How the supergraph carries this directive on, if it does: (version, `for:` purpose).
    pub(crate) fn supergraph_spec(self) -> Option<(&'static str, Option<&'static str>)> {
        match self {
            Self::Tag => Some(("v0.3", None)),
            Self::Inaccessible => Some(("v0.2", Some("SECURITY"))),
            Self::Authenticated | Self::RequiresScopes | Self::Policy => Some(("v0.1", Some("SECURITY"))),
            Self::Cost | Self::ListSize => Some(("v0.1", None)),
            Self::Context | Self::FromContext => Some(("v0.1", Some("SECURITY"))),
            _ => None,
        }
    }

    pub(crate) fn repeatable(self, version: Version) -> bool {
        match self {
            Self::Key | Self::Tag | Self::ComposeDirective | Self::Context | Self::CacheTag => true,
            Self::Shareable => version >= Version::new(2, 2),
            _ => false,
        }
    }

    pub(crate) fn locations(self, version: Version) -> Vec<&'static str> {
        let list = match self {
            Self::Key | Self::Extends => "OBJECT INTERFACE",
            Self::Requires | Self::Provides | Self::Override | Self::ListSize => "FIELD_DEFINITION",
            Self::External | Self::Shareable | Self::CacheTag => "OBJECT FIELD_DEFINITION",
            Self::Tag if version >= Version::new(2, 3) => {
                "FIELD_DEFINITION OBJECT INTERFACE UNION ARGUMENT_DEFINITION SCALAR ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION SCHEMA"
            }
            Self::Tag | Self::Inaccessible => {
                "FIELD_DEFINITION OBJECT INTERFACE UNION ARGUMENT_DEFINITION SCALAR ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION"
            }
            Self::ComposeDirective => "SCHEMA",
            Self::InterfaceObject => "OBJECT",
            Self::Authenticated | Self::RequiresScopes | Self::Policy => {
                "FIELD_DEFINITION OBJECT INTERFACE SCALAR ENUM"
            }
            Self::Context => "INTERFACE OBJECT UNION",
            Self::FromContext => "ARGUMENT_DEFINITION",
            Self::Cost => "ARGUMENT_DEFINITION ENUM FIELD_DEFINITION INPUT_FIELD_DEFINITION OBJECT SCALAR",
        };
        list.split(' ').collect()
    }

    /// Arguments as (name, type, default). A type in angle brackets is a federation type, locally named.
    pub(crate) fn arguments(
        self,
        version: Version,
    ) -> Vec<(&'static str, &'static str, Option<&'static str>)> {
        match self {
            Self::Key if version == FEDERATION_1 => vec![("fields", "<FieldSet>!", None)],
            Self::Key => vec![
                ("fields", "<FieldSet>!", None),
                ("resolvable", "Boolean", Some("true")),
            ],
            Self::Requires | Self::Provides => vec![("fields", "<FieldSet>!", None)],
            Self::External if version == FEDERATION_1 => vec![],
            Self::External => vec![("reason", "String", None)],
            Self::Tag | Self::Context => vec![("name", "String!", None)],
            Self::Override if version >= Version::new(2, 7) => {
                vec![("from", "String!", None), ("label", "String", None)]
            }
            Self::Override => vec![("from", "String!", None)],
            Self::ComposeDirective => vec![("name", "String", None)],
            Self::RequiresScopes => vec![("scopes", "[[<Scope>!]!]!", None)],
            Self::Policy => vec![("policies", "[[<Policy>!]!]!", None)],
            Self::FromContext => vec![("field", "<ContextFieldValue>", None)],
            Self::Cost => vec![("weight", "Int!", None)],
            Self::ListSize => vec![
                ("assumedSize", "Int", None),
                ("slicingArguments", "[String!]", None),
                ("sizedFields", "[String!]", None),
                ("requireOneSlicingArgument", "Boolean", Some("true")),
            ],
            Self::CacheTag => vec![("format", "String!", None)],
            Self::Extends
            | Self::Shareable
            | Self::Inaccessible
            | Self::InterfaceObject
            | Self::Authenticated => vec![],
        }
    }

    /// The definition in SDL; `type_name` gives the local name of a federation type.
    pub(crate) fn definition(
        self,
        local: &str,
        version: Version,
        type_name: impl Fn(&str) -> String,
    ) -> String {
        let arguments: Vec<String> = self
            .arguments(version)
            .into_iter()
            .map(|(name, ty, default)| {
                let default = default.map(|value| format!(" = {value}")).unwrap_or_default();
                format!("{name}: {}{default}", expand_type(ty, &type_name))
            })
            .collect();
        let arguments = if arguments.is_empty() {
            String::new()
        } else {
            format!("({})", arguments.join(", "))
        };
        let repeatable = if self.repeatable(version) {
            " repeatable"
        } else {
            ""
        };
        let locations = self.locations(version).join(" | ");
        format!("directive @{local}{arguments}{repeatable} on {locations}")
    }
}

/// Scalars of the federation specification that subgraphs may import: (name, since which minor version).
pub(crate) const TYPES: [(&str, u32); 4] = [
    ("FieldSet", 0),
    ("Scope", 5),
    ("Policy", 6),
    ("ContextFieldValue", 8),
];

/// `<FieldSet>!` with the local name put in.
pub(crate) fn expand_type(ty: &str, type_name: impl Fn(&str) -> String) -> String {
    match (ty.find('<'), ty.find('>')) {
        (Some(open), Some(close)) => {
            format!(
                "{}{}{}",
                &ty[..open],
                type_name(&ty[open + 1..close]),
                &ty[close + 1..]
            )
        }
        _ => ty.to_owned(),
    }
}
