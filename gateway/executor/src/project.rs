//! The response: the data tree, read along the client's selections, as bytes.
//!
//! Null propagation (GraphQL specification, 6.4.4) happens on the way: when a non-null place has no value, what
//! was written since the nearest nullable place is taken back and becomes `null`.

mod explained;

use causeway_model::{
    Leaf, Nesting, ProjectedField, ProjectedKind, Projection, ProjectionId, ProjectionNode, QueryPlan,
    plan::TYPENAME,
};

use crate::{
    data::{Data, FailureId, Object, unquoted},
    error::{ErrorSink, GraphqlError, PathElement},
    json::Scanner,
    run::Failure,
};
use explained::Explained;

/// There is no value here: the nearest nullable place becomes null. With the error that says why, unless a
/// subgraph's error does, or the null is a good one.
struct Propagate(Option<Box<GraphqlError>>);

/// A step of the path to where the projection is; owned only once there is an error.
#[derive(Clone, Copy)]
enum Here<'a> {
    Key(&'a str),
    Index(usize),
}

const ROOT: ProjectedKind = ProjectedKind::Composite(ProjectionId(0));

pub(crate) struct Projector<'a> {
    plan: &'a QueryPlan,
    /// Condition variables that are true, by bit.
    truth: u64,
    failures: &'a [Failure],
    errors: ErrorSink,
    /// Where the subgraphs' own errors are; made when the first null has to be explained.
    explained: Option<Explained>,
    out: Vec<u8>,
    path: Vec<Here<'a>>,
}

impl<'a> Projector<'a> {
    /// `errors` are those that subgraphs have reported.
    pub(crate) fn new(plan: &'a QueryPlan, truth: u64, failures: &'a [Failure], errors: ErrorSink) -> Self {
        let out = Vec::with_capacity(4096);
        Self {
            plan,
            truth,
            failures,
            errors,
            explained: None,
            out,
            path: Vec::new(),
        }
    }

    /// Writes the value of `data`. Gives the bytes and all errors.
    pub(crate) fn response(mut self, root: &Data) -> (Vec<u8>, ErrorSink) {
        let nesting = Nesting {
            non_null: false,
            items: None,
        };
        // The root is nullable, so nothing propagates out of it.
        let _ = self.value(root, &nesting, &ROOT);
        (self.out, self.errors)
    }

    fn value(&mut self, data: &Data, nesting: &Nesting, kind: &'a ProjectedKind) -> Result<(), Propagate> {
        let start = self.out.len();
        let errors = self.errors.len();
        let Err(Propagate(reason)) = self.non_null_value(data, nesting, kind) else {
            return Ok(());
        };
        // What was written and complained about below is gone: one null, one error.
        self.out.truncate(start);
        self.errors.truncate(errors);
        if nesting.non_null {
            return Err(Propagate(reason));
        }
        self.errors.extend(reason.map(|reason| *reason));
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    /// Writes the value, unless it is null or has none.
    fn non_null_value(
        &mut self,
        data: &Data,
        nesting: &Nesting,
        kind: &'a ProjectedKind,
    ) -> Result<(), Propagate> {
        match (data, &nesting.items) {
            (Data::Failed(failure), _) => self.failed(*failure),
            (Data::Null, _) if nesting.non_null => self.missing(),
            (Data::Null, _) => Err(Propagate(None)),
            (Data::List(items), Some(inner)) => self.list(items, inner, kind),
            (Data::Leaf(raw), Some(inner)) => self.leaf_list(raw, inner, kind),
            (_, Some(_)) | (Data::List(_), None) => {
                self.mismatch("a list where none belongs, or none where one does")
            }
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

    fn list(&mut self, items: &[Data], nesting: &Nesting, kind: &'a ProjectedKind) -> Result<(), Propagate> {
        self.out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.path.push(Here::Index(index));
            let written = self.value(item, nesting, kind);
            self.path.pop();
            written?;
        }
        self.out.push(b']');
        Ok(())
    }

    /// A list of leaves is kept as raw JSON; it is taken apart only here.
    fn leaf_list(&mut self, raw: &[u8], nesting: &Nesting, kind: &'a ProjectedKind) -> Result<(), Propagate> {
        let ProjectedKind::Leaf(leaf) = kind else {
            return self.mismatch("scalars where objects belong");
        };
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
        let node: &'a ProjectionNode = &projection.nodes[node.0 as usize];
        let (ty, selection) = match &node.object_type {
            Some(ty) => (ty.as_str(), &node.selections[0]),
            None => {
                let found = object
                    .typename()
                    .and_then(|ty| node.by_type.iter().find(|(name, _)| name == ty));
                match (found, node.by_type.first()) {
                    (Some((name, index)), _) => (name.as_str(), &node.selections[*index]),
                    // An interface object: nobody asked which type it is, since all are read alike.
                    (None, Some((name, _)))
                        if object.get(TYPENAME).is_none() && node.selections.len() == 1 =>
                    {
                        (name.as_str(), &node.selections[0])
                    }
                    (None, _) => return self.unknown_type(object),
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

    /// The object's type could not be loaded, or it is none that clients may see.
    fn unknown_type(&self, object: &Object) -> Result<(), Propagate> {
        match object.get(TYPENAME) {
            Some(Data::Failed(failure)) => self.failed(*failure),
            _ => self.mismatch("an object of a type that does not belong here"),
        }
    }

    fn field(&mut self, object: &Object, ty: &str, field: &'a ProjectedField) -> Result<(), Propagate> {
        self.out.push(b'"');
        self.out.extend_from_slice(field.response_key.as_bytes());
        self.out.extend_from_slice(b"\":");
        if field.kind == ProjectedKind::Typename {
            self.out.push(b'"');
            self.out.extend_from_slice(ty.as_bytes());
            self.out.push(b'"');
            return Ok(());
        }
        self.path.push(Here::Key(&field.response_key));
        let written = self.value(
            object.get(field.key).unwrap_or(&Data::Null),
            &field.nesting,
            &field.kind,
        );
        self.path.pop();
        written
    }

    fn leaf(&mut self, raw: &[u8], leaf: &Leaf) -> Result<(), Propagate> {
        let first = raw.first().copied().unwrap_or(b' ');
        let is_number = first == b'-' || first.is_ascii_digit();
        let is_integer = is_number && !raw.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
        let fits = match leaf {
            Leaf::Any => true,
            // The specification's Int has 32 bits; clients rely on that.
            Leaf::Int => is_integer && std::str::from_utf8(raw).is_ok_and(|text| text.parse::<i32>().is_ok()),
            Leaf::Float => is_number,
            Leaf::String => first == b'"',
            Leaf::Boolean => first == b't' || first == b'f',
            Leaf::Id => first == b'"' || is_integer,
            Leaf::Enum(values) => {
                unquoted(raw).is_some_and(|value| values.iter().any(|known| known == value))
            }
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

    fn mismatch(&self, found: &str) -> Result<(), Propagate> {
        let message = format!("the subgraph answered {found}");
        let error = GraphqlError::new("INVALID_SUBGRAPH_VALUE", None, message, self.path());
        Err(Propagate(Some(Box::new(error))))
    }

    fn failed(&self, failure: FailureId) -> Result<(), Propagate> {
        let failure = &self.failures[failure.0];
        Err(Propagate(Some(Box::new(GraphqlError {
            message: failure.message.clone(),
            path: self.path(),
            extensions: failure.extensions.clone(),
        }))))
    }

    /// A null at a non-null place is an error of its own, unless a subgraph has said why already.
    fn missing(&mut self) -> Result<(), Propagate> {
        let path = self.path();
        let explained = self.explained.get_or_insert_with(|| Explained::by(&self.errors));
        if explained.covers(&path) {
            return Err(Propagate(None));
        }
        let message = "the field is non-null, but no subgraph brought a value".to_owned();
        let error = GraphqlError::new("NULL_FOR_NON_NULL_FIELD", None, message, path);
        Err(Propagate(Some(Box::new(error))))
    }

    fn path(&self) -> Vec<PathElement> {
        self.path
            .iter()
            .map(|here| match here {
                Here::Key(key) => PathElement::Key((*key).to_owned()),
                Here::Index(index) => PathElement::Index(*index),
            })
            .collect()
    }
}
