//! The response: the data tree, read along the client's selections, as bytes.
//!
//! Null propagation (GraphQL specification, 6.4.4) happens on the way: when a non-null place has no value, what
//! was written since the nearest nullable place is taken back and becomes `null`.

use causeway_model::{
    Leaf, Nesting, ProjectedField, ProjectedKind, Projection, ProjectionId, ProjectionNode, QueryPlan,
};

use crate::{
    data::{Data, Object, unquoted},
    error::{ErrorSink, GraphqlError, PathElement},
    json::Scanner,
    run::Failure,
};

/// The value cannot stand here; its parent becomes null.
struct Propagate;

pub(crate) struct Projector<'a> {
    pub(crate) plan: &'a QueryPlan,
    /// Condition variables that are true, by bit.
    pub(crate) truth: u64,
    pub(crate) failures: &'a [Failure],
    pub(crate) errors: ErrorSink,
    out: Vec<u8>,
    path: Vec<PathElement>,
}

impl<'a> Projector<'a> {
    pub(crate) fn new(plan: &'a QueryPlan, truth: u64, failures: &'a [Failure], errors: ErrorSink) -> Self {
        Self { plan, truth, failures, errors, out: Vec::with_capacity(4096), path: Vec::new() }
    }

    /// Writes the value of `data`. Gives the bytes and all errors.
    pub(crate) fn response(mut self, root: &Data) -> (Vec<u8>, ErrorSink) {
        let nesting = Nesting { non_null: false, items: None };
        // The root is nullable, so nothing propagates out of it.
        let _ = self.value(root, &nesting, &ProjectedKind::Composite(ProjectionId(0)));
        (self.out, self.errors)
    }

    fn value(&mut self, data: &Data, nesting: &Nesting, kind: &ProjectedKind) -> Result<(), Propagate> {
        let start = self.out.len();
        let errors = self.errors.len();
        if self.non_null_value(data, nesting, kind).is_ok() {
            return Ok(());
        }
        self.out.truncate(start);
        // One null, one error: the first says why.
        self.errors.truncate(errors + 1);
        if nesting.non_null {
            return Err(Propagate);
        }
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    /// Writes the value, unless it is null or has none; then there may be an error to say why.
    fn non_null_value(
        &mut self,
        data: &Data,
        nesting: &Nesting,
        kind: &ProjectedKind,
    ) -> Result<(), Propagate> {
        match (data, &nesting.items) {
            (Data::Failed(failure), _) => {
                let failure = &self.failures[failure.0];
                self.errors.push(GraphqlError {
                    message: failure.message.clone(),
                    path: self.path.clone(),
                    extensions: failure.extensions.clone(),
                });
                Err(Propagate)
            }
            (Data::Null, _) => {
                if nesting.non_null {
                    self.explain_missing();
                }
                Err(Propagate)
            }
            (Data::List(items), Some(inner)) => self.list(items, inner, kind),
            (Data::Leaf(raw), Some(inner)) => self.leaf_list(raw, inner, kind),
            (_, Some(_)) | (Data::List(_), None) => self.mismatch("a list where none belongs, or none where one does"),
            (Data::Leaf(raw), None) => match kind {
                ProjectedKind::Leaf(leaf) => self.leaf(raw, leaf),
                _ => self.mismatch("a scalar where an object belongs"),
            },
            (Data::Object(object), None) => match kind {
                ProjectedKind::Composite(node) => self.object(object, *node),
                _ => self.mismatch("an object where a scalar belongs"),
            },
        }
    }

    fn list(&mut self, items: &[Data], nesting: &Nesting, kind: &ProjectedKind) -> Result<(), Propagate> {
        self.out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.path.push(PathElement::Index(index));
            let written = self.value(item, nesting, kind);
            self.path.pop();
            written?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// A list of leaves is kept as raw JSON; it is taken apart only here.
    fn leaf_list(&mut self, raw: &[u8], nesting: &Nesting, kind: &ProjectedKind) -> Result<(), Propagate> {
        let ProjectedKind::Leaf(leaf) = kind else { return self.mismatch("scalars where objects belong") };
        if raw.first() != Some(&b'[') {
            return self.mismatch("a single value where a list belongs");
        }
        // No check is needed for what cannot be wrong.
        if matches!(leaf, Leaf::Any) && !nesting.non_null && nesting.items.is_none() {
            self.out.extend_from_slice(raw);
            return Ok(());
        }
        let mut scanner = Scanner::new(raw);
        let mut items = Vec::new();
        let mut split = || {
            scanner.enter(b'[')?;
            while scanner.more(items.is_empty(), b']')? {
                items.push(match scanner.value()? {
                    b"null" => Data::Null,
                    item => Data::Leaf(bytes::Bytes::copy_from_slice(item)),
                });
            }
            Ok::<_, crate::json::JsonError>(())
        };
        if split().is_err() {
            return self.mismatch("a broken list");
        }
        self.list(&items, nesting, kind)
    }

    fn object(&mut self, object: &Object, node: ProjectionId) -> Result<(), Propagate> {
        let projection: &'a Projection = &self.plan.projection;
        let node: &ProjectionNode = &projection.nodes[node.0 as usize];
        let (ty, selection) = match &node.object_type {
            Some(ty) => (ty.as_str(), &node.selections[0]),
            None => {
                let found = object.typename().and_then(|ty| node.by_type.iter().find(|(name, _)| name == ty));
                match found {
                    Some((name, index)) => (name.as_str(), &node.selections[*index]),
                    None => return self.mismatch("an object of a type that does not belong here"),
                }
            }
        };
        self.out.push(b'{');
        let mut first = true;
        let truth = self.truth;
        for field in selection.iter().filter(|field| field.guard.holds(truth)) {
            if !first {
                self.out.push(b',');
            }
            first = false;
            self.field(object, ty, field)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn field(&mut self, object: &Object, ty: &str, field: &ProjectedField) -> Result<(), Propagate> {
        self.out.push(b'"');
        self.out.extend_from_slice(field.response_key.as_bytes());
        self.out.extend_from_slice(b"\":");
        if field.kind == ProjectedKind::Typename {
            self.out.push(b'"');
            self.out.extend_from_slice(ty.as_bytes());
            self.out.push(b'"');
            return Ok(());
        }
        self.path.push(PathElement::Key(field.response_key.clone()));
        let written = self.value(object.get(field.key).unwrap_or(&Data::Null), &field.nesting, &field.kind);
        self.path.pop();
        written
    }

    fn leaf(&mut self, raw: &[u8], leaf: &Leaf) -> Result<(), Propagate> {
        let first = raw.first().copied().unwrap_or(b' ');
        let is_number = first == b'-' || first.is_ascii_digit();
        let is_integer = is_number && !raw.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
        let fits = match leaf {
            Leaf::Any => true,
            Leaf::Int => is_integer,
            Leaf::Float => is_number,
            Leaf::String => first == b'"',
            Leaf::Boolean => first == b't' || first == b'f',
            Leaf::Id => first == b'"' || is_integer,
            Leaf::Enum(values) => unquoted(raw).is_some_and(|value| values.iter().any(|known| known == value)),
        };
        if !fits {
            return self.mismatch(match leaf {
                Leaf::Enum(_) => "an enum value that the API schema does not have",
                _ => "a value of another type than the schema says",
            });
        }
        if *leaf == Leaf::Id && is_integer {
            // An ID is a string for clients, whatever the subgraph wrote.
            self.out.push(b'"');
            self.out.extend_from_slice(raw);
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(raw);
        }
        Ok(())
    }

    fn mismatch(&mut self, found: &str) -> Result<(), Propagate> {
        let message = format!("the subgraph answered {found}");
        self.errors.push(GraphqlError::new("INVALID_SUBGRAPH_VALUE", None, message, self.path.clone()));
        Err(Propagate)
    }

    /// A null at a non-null place is an error of its own, unless a subgraph has said why already.
    fn explain_missing(&mut self) {
        let known = self.errors.iter().any(|error| {
            !error.path.is_empty() && error.path.iter().zip(&self.path).all(|(a, b)| a == b)
        });
        if !known {
            self.errors.push(GraphqlError::new(
                "NULL_FOR_NON_NULL_FIELD",
                None,
                "the field is non-null, but no subgraph brought a value".to_owned(),
                self.path.clone(),
            ));
        }
    }
}
