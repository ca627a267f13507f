//! From two API schemas to findings: runs the rules and knows how elements are named.

use apollo_compiler::Schema;

use crate::{Change, Kind, OperationUse, Revision, rules};

/// What an operation can need of a schema. A finding says which needs it lets down; usage looks for operations
/// that have one of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Need {
    /// By coordinate: the field is selected, the argument given, the value named, the type met.
    Element(String),
    /// An argument or input field is left out, or may be null.
    Omitted(String),
    /// A given argument or input field can be null, or have null in its lists.
    Null(String),
    /// An object of the type comes where the interface is selected.
    Implementation(String),
    /// A member comes where the union is selected.
    Member(String),
    /// A directive stands there: `@live on QUERY`.
    Location(String),
    /// A directive is repeated in one place.
    Repeated(String),
    /// A selected field gives this type.
    Output(String),
}

/// A change before it is known where it stands and who uses it.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    pub(crate) coordinate: String,
    /// How [`origins`](crate::origins) and [`places`](crate::places) know the element; the coordinate as a rule.
    pub(crate) element: String,
    pub(crate) message: String,
    pub(crate) needs: Vec<Need>,
}

impl Finding {
    pub(crate) fn new(kind: Kind, coordinate: impl Into<String>, message: impl Into<String>) -> Self {
        let coordinate = coordinate.into();
        Self {
            kind,
            element: coordinate.clone(),
            coordinate,
            message: message.into(),
            needs: Vec::new(),
        }
    }

    /// For an element that has no coordinate of its own.
    pub(crate) fn element(mut self, element: String) -> Self {
        self.element = element;
        self
    }

    pub(crate) fn need(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }

    /// The finding hurts whoever uses the coordinate itself.
    pub(crate) fn need_it(self) -> Self {
        let coordinate = self.coordinate.clone();
        self.need(Need::Element(coordinate))
    }

    pub(crate) fn into_change(self, old: &Revision, new: &Revision, used_by: Vec<OperationUse>) -> Change {
        let stands_in_new = new.api_has(&self.element);
        let subgraphs = if stands_in_new {
            new.subgraphs(&self.element)
        } else {
            old.subgraphs(&self.element)
        };
        let old_span = old
            .api_has(&self.element)
            .then(|| old.places.find(&self.element, &subgraphs))
            .flatten();
        let new_span = stands_in_new
            .then(|| new.places.find(&self.element, &subgraphs))
            .flatten();
        let near = if new_span.is_none() {
            new.places.near(&self.element, &subgraphs)
        } else {
            None
        };
        Change {
            kind: self.kind,
            criticality: self.kind.criticality(),
            coordinate: self.coordinate,
            message: self.message,
            why: self.kind.why(),
            subgraphs,
            old: old_span,
            new: new_span,
            near,
            used_by,
        }
    }
}

/// Two API schemas, old and new.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) old: &'a Schema,
    pub(crate) new: &'a Schema,
}

pub(crate) fn diff(old: &Schema, new: &Schema) -> Vec<Finding> {
    let mut findings = Vec::new();
    rules::check(Pair { old, new }, &mut findings);
    findings
}

/// How an argument's coordinate is written: `Query.product(id:)`, `@live(throttle:)`.
pub(crate) fn argument(of: &str, name: &str) -> String {
    format!("{of}({name}:)")
}

pub(crate) fn member(union: &str, member: &str) -> String {
    format!("{union} = {member}")
}

pub(crate) fn implementation(ty: &str, interface: &str) -> String {
    format!("{ty} implements {interface}")
}

/// The element around an element: `Query.product` for `Query.product(id:)`, `Query` for that, and nothing for a type.
pub(crate) fn parent(element: &str) -> Option<&str> {
    for separator in ["(", " ", "."] {
        if let Some((outer, _)) = element.split_once(separator) {
            return Some(outer);
        }
    }
    None
}

impl Revision {
    /// Whether clients see the element.
    fn api_has(&self, element: &str) -> bool {
        has(&self.api, element).unwrap_or(false)
    }
}

fn has(schema: &Schema, element: &str) -> Option<bool> {
    let (outer, argument) = match element.split_once('(') {
        Some((outer, rest)) => (outer, rest.strip_suffix(":)")),
        None => (element, None),
    };
    if let Some(name) = outer.strip_prefix('@') {
        let directive = schema.directive_definitions.get(name)?;
        return Some(argument.is_none_or(|argument| directive.argument_by_name(argument).is_some()));
    }
    if let Some((union, name)) = outer.split_once(" = ") {
        return Some(schema.get_union(union)?.members.contains(name));
    }
    if let Some((ty, interface)) = outer.split_once(" implements ") {
        return Some(rules::interfaces::implemented(schema.types.get(ty)?).any(|known| known == interface));
    }
    let Some((ty, field)) = outer.split_once('.') else {
        return Some(schema.types.contains_key(outer));
    };
    let ty = schema.types.get(ty)?;
    if let Some(fields) = rules::fields::of(ty) {
        let field = fields.get(field)?;
        return Some(argument.is_none_or(|argument| field.argument_by_name(argument).is_some()));
    }
    if let Some(input) = ty.as_input_object() {
        return Some(input.fields.contains_key(field));
    }
    Some(ty.as_enum()?.values.contains_key(field))
}
