//! The normalised form of one subgraph: GraphQL types with their federation facts read out.
//!
//! Extensions are folded in, root types have their default names, directives are known by meaning
//! and not by local name, and everything that only serves federation itself (`_service`, `_entities`, …) is
//! gone. No rules and no merging here.

mod field_set;

pub(crate) use field_set::{FieldSet, FieldSetProblem};

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::link::{Links, Version};
use crate::spec::Fed;
use apollo_compiler::ast::{Type, Value};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::DirectiveDefinition;
use apollo_compiler::{Name, Node};
use indexmap::{IndexMap, IndexSet};

pub(crate) type Location = Option<SourceSpan>;

#[derive(Debug, Clone)]
pub(crate) struct Subgraph {
    pub(crate) name: String,
    pub(crate) url: Option<String>,
    /// File name for diagnostics.
    pub(crate) source: String,
    pub(crate) text: String,
    /// The federation version; 1.0 when the schema does not link federation.
    pub(crate) version: Version,
    pub(crate) links: Links,
    pub(crate) types: IndexMap<Name, TypeDef>,
    /// Directive definitions that are not federation's and not GraphQL's own.
    pub(crate) directives: IndexMap<Name, Node<DirectiveDefinition>>,
    pub(crate) schema_directives: Vec<Applied>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    Input,
}

impl Kind {
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Scalar => "a scalar",
            Self::Object => "an object type",
            Self::Interface => "an interface",
            Self::Union => "a union",
            Self::Enum => "an enum",
            Self::Input => "an input object",
        }
    }

    pub(crate) fn is_composite(self) -> bool {
        matches!(self, Self::Object | Self::Interface | Self::Union)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct TypeDef {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    pub(crate) interface_object: bool,
    /// `@shareable` stands more than once on the same definition or extension.
    pub(crate) shareable_repeated: bool,
    /// Only extended here, by `extend` or `@extends`; somebody else owns the definition.
    pub(crate) extension: bool,
    /// Written with a definition keyword, whatever `@extends` says.
    pub(crate) has_definition: bool,
    pub(crate) description: Option<String>,
    pub(crate) implements: IndexSet<Name>,
    pub(crate) keys: Vec<Key>,
    pub(crate) fields: IndexMap<Name, FieldDef>,
    pub(crate) inputs: IndexMap<Name, InputDef>,
    pub(crate) members: IndexSet<Name>,
    pub(crate) values: IndexMap<Name, ValueDef>,
    pub(crate) applied: Vec<Applied>,
    pub(crate) location: Location,
}

#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) fields: FieldSet,
    pub(crate) resolvable: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct FieldDef {
    pub(crate) name: Name,
    pub(crate) description: Option<String>,
    pub(crate) ty: Type,
    pub(crate) arguments: IndexMap<Name, InputDef>,
    /// Marked `@external`, on itself or on its type.
    pub(crate) external: bool,
    /// `@external` on a key field of an extension: tradition, not meaning. Such a field is resolved here.
    pub(crate) external_in_name_only: bool,
    pub(crate) shareable: bool,
    pub(crate) requires: Option<FieldSet>,
    pub(crate) provides: Option<FieldSet>,
    pub(crate) overrides: Option<Override>,
    pub(crate) applied: Vec<Applied>,
    pub(crate) location: Location,
}

impl FieldDef {
    pub(crate) fn is_external(&self) -> bool {
        self.external && !self.external_in_name_only
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) from: String,
    pub(crate) label: Option<String>,
    pub(crate) location: Location,
}

/// An argument or an input field.
#[derive(Debug, Clone)]
pub(crate) struct InputDef {
    pub(crate) name: Name,
    pub(crate) description: Option<String>,
    pub(crate) ty: Type,
    pub(crate) default: Option<Node<Value>>,
    pub(crate) applied: Vec<Applied>,
    pub(crate) location: Location,
}

impl InputDef {
    pub(crate) fn is_required(&self) -> bool {
        self.ty.is_non_null() && self.default.is_none()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ValueDef {
    pub(crate) description: Option<String>,
    pub(crate) applied: Vec<Applied>,
    pub(crate) location: Location,
}

/// What an applied directive is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Meaning {
    Fed(Fed),
    /// `@deprecated`, `@specifiedBy` and `@oneOf`.
    BuiltIn(Name),
    Custom(Name),
}

/// A directive on some element. Directives that became facts (`@key`, `@external`, …) are kept too.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    pub(crate) meaning: Meaning,
    pub(crate) local: Name,
    pub(crate) arguments: Vec<(Name, Node<Value>)>,
    pub(crate) location: Location,
}

impl Applied {
    pub(crate) fn is(&self, fed: Fed) -> bool {
        self.meaning == Meaning::Fed(fed)
    }

    pub(crate) fn argument(&self, name: &str) -> Option<&Node<Value>> {
        self.arguments
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

pub(crate) fn has(applied: &[Applied], fed: Fed) -> bool {
    applied.iter().any(|directive| directive.is(fed))
}

pub(crate) const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

impl TypeDef {
    pub(crate) fn is_root(&self) -> bool {
        ROOTS.contains(&self.name.as_str())
    }

    /// The kind this type has for the graph as a whole.
    pub(crate) fn graph_kind(&self) -> Kind {
        if self.interface_object {
            Kind::Interface
        } else {
            self.kind
        }
    }
}

impl Subgraph {
    pub(crate) fn is_federation_1(&self) -> bool {
        self.version.major == 1
    }

    pub(crate) fn span(&self, location: Location) -> Option<Span> {
        Some(span_in(&self.name, &self.source, &self.text, location?))
    }

    /// A diagnostic about this subgraph, its message opened with the subgraph's name.
    pub(crate) fn diagnostic(&self, code: Code, location: Location, message: impl AsRef<str>) -> Diagnostic {
        Diagnostic::new(code, format!("[{}] {}", self.name, message.as_ref()))
            .in_subgraph(&self.name)
            .span(self.span(location))
    }

    /// Whether a value of `ty` can be a value of `of` here: equal, a member or an implementer.
    pub(crate) fn is_subtype(&self, ty: &Name, of: &Name) -> bool {
        ty == of
            || self.types.get(of).is_some_and(|def| def.members.contains(ty))
            || self.types.get(ty).is_some_and(|def| def.implements.contains(of))
    }

    /// Object types that a value of the named type can have here.
    pub(crate) fn runtime_types<'a>(&'a self, name: &'a Name) -> Vec<&'a Name> {
        let Some(def) = self.types.get(name) else {
            return Vec::new();
        };
        match def.kind {
            Kind::Object => vec![&def.name],
            Kind::Union => def.members.iter().collect(),
            Kind::Interface => self.implementers(name).map(|def| &def.name).collect(),
            _ => Vec::new(),
        }
    }

    /// Object types of this subgraph that implement the interface.
    pub(crate) fn implementers<'a>(&'a self, interface: &'a Name) -> impl Iterator<Item = &'a TypeDef> {
        self.types
            .values()
            .filter(move |def| def.kind == Kind::Object && def.implements.contains(interface))
    }

    /// The local spelling of a federation directive for messages, with `@`.
    pub(crate) fn local(&self, fed: Fed) -> String {
        format!(
            "@{}",
            self.links
                .local_name(fed)
                .unwrap_or_else(|| fed.name().to_owned())
        )
    }
}

/// Turns a byte range into a line, a column and the line's text. O(length of the text).
pub(crate) fn span_in(subgraph: &str, file: &str, text: &str, location: SourceSpan) -> Span {
    let offset = floor_char_boundary(text, location.offset());
    let end = floor_char_boundary(text, location.end_offset()).max(offset);
    let line_start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    let underlined = text[offset..end.min(line_end)].trim_end().chars().count();
    Span {
        subgraph: subgraph.to_owned(),
        file: file.to_owned(),
        line: u32::try_from(text[..offset].matches('\n').count() + 1).unwrap_or(u32::MAX),
        column: u32::try_from(text[line_start..offset].chars().count() + 1).unwrap_or(u32::MAX),
        length: u32::try_from(underlined.max(1)).unwrap_or(u32::MAX),
        text: text[line_start..line_end].trim_end().to_owned(),
    }
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
