//! The query plan: plain data, made by the planner, run by the executor.
//!
//! A plan is a directed acyclic graph of [`Fetch`]es over one tree of data (the client's response in
//! the making), and a [`Projection`] that says how the response is read out of that tree.

use std::{ops::Range, sync::Arc};

use apollo_compiler::{
    Name,
    ast::{OperationType, Type},
};
use serde::Serialize;

use crate::{guard::Guard, supergraph::SubgraphId};

/// A name in the data tree, interned in [`QueryPlan::keys`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct KeyId(pub u32);

/// `KeyId` under which every object keeps its concrete type's name, where that was asked for.
pub const TYPENAME: KeyId = KeyId(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FetchId(pub u32);

impl FetchId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub struct QueryPlan {
    pub operation_type: OperationType,
    /// In topological order: a fetch depends only on fetches before it.
    pub fetches: Vec<Fetch>,
    /// Names in the data tree, by [`KeyId`]; `keys[0]` is `__typename`.
    pub keys: Vec<String>,
    /// The boolean variables that guards speak of, by bit.
    pub conditions: Vec<Name>,
    /// The operation's `@defer`s, in the order of the document. What is only asked for below one has its bit
    /// ([`Conjunction::deferral`](crate::Conjunction::deferral)) in its guards.
    pub deferred: Vec<Deferral>,
    pub projection: Projection,
    /// The operation asks for `__schema` or `__type`; the server answers these from the API schema
    /// and puts them under the data keys of the same name at the root.
    pub has_introspection: bool,
}

/// A `@defer`: what stands below it may be delivered after the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deferral {
    pub label: Option<String>,
    /// Deferred only when this variable is true.
    #[serde(rename = "if", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// One HTTP request to one subgraph.
#[derive(Debug)]
pub struct Fetch {
    pub subgraph: SubgraphId,
    /// Fetches whose data this one needs; it starts when the last of them is done.
    pub depends_on: Vec<FetchId>,
    /// The GraphQL document that is sent, minified.
    pub document: Arc<str>,
    /// Where a call takes values from a context: how the document is made when its entities have several.
    pub template: Option<DocumentTemplate>,
    /// How the document becomes part of a larger one. `None`: of mutations, and where a call takes values from a context.
    pub merging: Option<Arc<MergeTemplate>>,
    /// The client's variables that `document` uses.
    pub variables: Vec<Name>,
    pub target: FetchTarget,
    /// Skipped as a whole when this does not hold.
    pub guard: Guard,
    pub shape: Shape,
}

#[derive(Debug)]
pub enum FetchTarget {
    /// The operation's root; the answer's top is the data tree's top.
    Root { shape: ShapeId },
    /// One or more `_entities` fields.
    Entities(Vec<EntityCall>),
}

/// One `_entities` field of a fetch, for the entities at one or more places of the data tree. Equal
/// representations are sent once, wherever they come from.
#[derive(Debug)]
pub struct EntityCall {
    /// Response key of this `_entities` field.
    pub alias: String,
    /// Name of the variable with the representations.
    pub variable: String,
    pub places: Vec<EntityPlace>,
    /// Shape of one entity of the answer.
    pub shape: ShapeId,
    /// Variables that are filled from `@context`s. Entities that stand below different values cannot be asked for in one
    /// field: there is one `_entities` field for each combination of values that occurs.
    pub contexts: Vec<ContextVariable>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextVariable {
    pub name: String,
    pub ty: Type,
}

/// Where a context's value is looked for: in the object at a number of steps down the entity's own path, counted from the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextSource {
    pub depth: usize,
    /// Concrete types that set the context; empty: whatever stands there does.
    pub only_in: Vec<Name>,
    pub values: Vec<ContextValue>,
}

/// A field on the way to a context's value; the leaf has nothing below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextValue {
    pub key: KeyId,
    /// Only in objects of these concrete types; empty: in all.
    pub only_for: Vec<Name>,
    pub below: Vec<ContextValue>,
}

/// A fetch's document in parts, for when a call is made more than once.
#[derive(Debug, Default)]
pub struct DocumentTemplate {
    /// Definitions of the client's variables, each with the variable's name.
    pub definitions: Vec<(Name, String)>,
    /// By call.
    pub calls: Vec<CallTemplate>,
}

#[derive(Debug, Default)]
pub struct CallTemplate {
    /// The client's variables that it uses.
    pub variables: Vec<Name>,
    /// The selection of the `_entities` field, with its braces.
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// The name of one of the call's context variables, by index.
    Context(usize),
}

/// How a query is asked in one operation with others: each of the operation's own names gets a prefix that no other has.
/// Places are bytes of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeTemplate {
    /// What is asked for, but not how: names of the root fields, or of the entities' fields as `Type.field`; each once, sorted, with
    /// commas between.
    pub fields: Arc<str>,
    /// Definitions of the variables, without parentheses; empty when there are none.
    pub definitions: Range<usize>,
    /// The operation's selection, without its braces.
    pub selection: Range<usize>,
    /// Names of variables and response keys at the root, in the document's order.
    pub names: Vec<OwnName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnName {
    /// Where it begins; behind the `$` of a variable.
    pub at: usize,
    /// Bytes of a field's name that is its own response key: it needs an alias to be told apart. 0 for variables and aliases.
    pub field: usize,
}

/// Where entities stand in the data tree.
#[derive(Debug)]
pub struct EntityPlace {
    pub path: Vec<PathSegment>,
    /// By concrete type of the entity found at `path`.
    pub targets: Vec<EntityTarget>,
    /// For each of the call's context variables: where its value may stand, the nearest place first.
    pub contexts: Vec<Vec<ContextSource>>,
}

/// What is sent for an entity of one concrete type.
#[derive(Debug)]
pub struct EntityTarget {
    pub concrete_type: Name,
    pub representation: Representation,
    /// When anything is asked of it. Otherwise it is not sent, though other entities of the same call may be.
    pub guard: Guard,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representation {
    /// The `__typename` that is sent; differs from the concrete type for interface objects.
    pub typename: Name,
    pub fields: Vec<RepresentationField>,
}

/// A field of a representation: read from the data tree under `key`, sent as `name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepresentationField {
    pub key: KeyId,
    pub name: Name,
    /// Only for objects of these concrete types; empty: for all.
    pub only_for: Vec<Name>,
    /// Part of the entity's key: without it there is nothing to ask for.
    pub is_key: bool,
    /// Sent, and there to be sent, only when this holds: what needs it is asked for only then.
    pub guard: Guard,
    /// Empty for a leaf.
    pub fields: Vec<RepresentationField>,
}

/// One step down the data tree; lists on the way are walked through, item by item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathSegment {
    pub key: KeyId,
    /// The object that holds `key` must be of one of these types; empty: any.
    pub only_in: Vec<Name>,
    /// Levels of lists in the field's type: `2` for `[[Seat]]`.
    pub lists: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShapeId(pub u32);

/// What a fetch's answer looks like: which JSON keys it may have, and under which data keys their
/// values are kept.
#[derive(Debug, Default)]
pub struct Shape {
    pub nodes: Vec<Vec<ShapeField>>,
}

#[derive(Debug, Clone)]
pub struct ShapeField {
    /// As it stands in the subgraph's JSON, i.e. the alias in [`Fetch::document`].
    pub json_key: String,
    pub key: KeyId,
    /// `None`: a leaf, kept as the raw JSON it is.
    pub child: Option<ShapeId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProjectionId(pub u32);

/// How the response is read out of the data tree. `nodes[0]` is the root.
#[derive(Debug, Default)]
pub struct Projection {
    pub nodes: Vec<ProjectionNode>,
}

/// One selection set of the client's operation.
#[derive(Debug)]
pub struct ProjectionNode {
    /// The name of the only possible type, where the static type is an object type.
    pub object_type: Option<Name>,
    /// Possible concrete types, each with an index into `selections`; empty for an object type.
    pub by_type: Vec<(Name, usize)>,
    pub selections: Vec<Vec<ProjectedField>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectedField {
    /// Key in the client's response.
    pub response_key: String,
    pub key: KeyId,
    pub guard: Guard,
    pub nesting: Nesting,
    pub kind: ProjectedKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectedKind {
    /// The concrete type's name.
    Typename,
    Leaf(Leaf),
    Composite(ProjectionId),
}

/// What a leaf value may be; checked before it goes to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    Int,
    Float,
    String,
    Boolean,
    Id,
    /// The values that the API schema knows; others (inaccessible ones) are errors.
    Enum(Vec<Name>),
    /// A custom scalar, or introspection's own data: any JSON.
    Any,
}

/// Lists and non-null around a named type, from the outside in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nesting {
    pub non_null: bool,
    /// The items, when this level is a list.
    pub items: Option<Box<Nesting>>,
}
