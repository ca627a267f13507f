//! The gateway's nouns: what composition, planner and executor hand to each other.
//!
//! Nothing here computes: no parsing, no planning, no I/O. A type lives here when at least two
//! of the gateway's crates must agree on it.

pub mod field_set;
pub mod guard;
pub mod label;
pub mod plan;
pub mod supergraph;

pub use field_set::{FieldSet, FieldSetField, FieldSetItem};
pub use guard::{Conjunction, Guard};
pub use label::{LabelCondition, LabelId, LabelSet};
pub use plan::{
    CallTemplate, ContextSource, ContextValue, ContextVariable, Deferral, DocumentTemplate, EntityCall,
    EntityPlace, EntityTarget, Fetch, FetchId, FetchTarget, KeyId, Leaf, MergeTemplate, Nesting, OwnName,
    PathSegment, Piece, ProjectedField, ProjectedKind, Projection, ProjectionId, ProjectionNode, QueryPlan,
    Representation, RepresentationField, Shape, ShapeField, ShapeId,
};
pub use supergraph::{
    CacheControl, ContextArgument, FieldResolution, Key, Subgraph, SubgraphField, SubgraphId, SubgraphType,
    Supergraph,
};

/// GraphQL names are cheap to clone (a reference count); re-exported so that readers of this
/// crate need not know the parser.
pub use apollo_compiler::{
    Name,
    ast::{OperationType, Type},
};
