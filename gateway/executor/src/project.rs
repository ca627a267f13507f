//! The response: the data tree, read along the client's selections, as bytes.
//!
//! Null propagation (GraphQL specification, 6.4.4) happens on the way: when a non-null place has no value, what
//! was written since the nearest nullable place is taken back and becomes `null`.

mod explained;

use std::{collections::HashMap, ops::Range};

use causeway_json::{JsonError, Scanner};
use causeway_model::{
    Leaf, Nesting, ProjectedField, ProjectedKind, Projection, ProjectionId, ProjectionNode, QueryPlan,
    plan::TYPENAME,
};

use crate::{
    error::{ErrorSink, GraphqlError, PathElement},
    run::Failure,
    tree::{FailureId, List, ObjectId, Tree, Value, unquoted},
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

/// What the response begins with.
pub(crate) const OPENING: &[u8] = b"{\"data\":";

/// What an error takes in the response, roughly.
pub(crate) const ERROR_BYTES: usize = 128;

const ROOT: ProjectedKind = ProjectedKind::Composite(ProjectionId(0));

pub(crate) struct Projector<'a> {
    plan: &'a QueryPlan,
    tree: &'a Tree,
    /// Condition variables that are true, by bit.
    truth: u64,
    failures: &'a [Failure],
    errors: ErrorSink,
    /// Where the subgraphs' own errors are; made when the first null has to be explained.
    explained: Option<Explained>,
    out: Vec<u8>,
    path: Vec<Here<'a>>,
    /// Where objects that stand at several positions were written, by object and selections. What was written without a complaint is
    /// copied the next time.
    written: HashMap<(ObjectId, ProjectionId), Range<usize>>,
    /// The ends of what was written, in their order.
    endings: Vec<((ObjectId, ProjectionId), usize)>,
    /// How often a place had no value: what was written around it cannot be taken for granted elsewhere.
    complaints: usize,
    /// Bytes that may be written.
    limit: usize,
    /// They were not enough. Nothing more is written, and nothing of it is the response.
    is_too_large: bool,
}

impl<'a> Projector<'a> {
    /// `errors` are those that subgraphs have reported.
    pub(crate) fn new(
        plan: &'a QueryPlan,
        tree: &'a Tree,
        truth: u64,
        failures: &'a [Failure],
        errors: ErrorSink,
    ) -> Self {
        let mut out = Vec::with_capacity(4096);
        out.extend_from_slice(OPENING);
        Self {
            plan,
            tree,
            truth,
            failures,
            errors,
            explained: None,
            out,
            path: Vec::new(),
            written: HashMap::new(),
            endings: Vec::new(),
            complaints: 0,
            limit: usize::MAX,
            is_too_large: false,
        }
    }

    /// Writes the response up to the value of `data`. Gives the bytes and all errors.
    pub(crate) fn response(mut self, root: ObjectId, limit: usize) -> (Vec<u8>, ErrorSink) {
        self.limit = limit;
        let nesting = Nesting {
            non_null: false,
            items: None,
        };
        // The root is nullable, so nothing propagates out of it.
        let _ = self.value(Value::Object(root), &nesting, &ROOT);
        if self.is_too_large {
            let message = format!("the response would have more than {limit} bytes; ask for it in parts");
            let error = GraphqlError::new("RESPONSE_TOO_LARGE", None, message, Vec::new());
            return ([OPENING, b"null"].concat(), vec![error]);
        }
        (self.out, self.errors)
    }

    /// Whether so many bytes more can be written.
    fn has_room(&mut self, bytes: usize) -> bool {
        let errors = self.errors.len().saturating_mul(ERROR_BYTES);
        let all = self.out.len().saturating_add(bytes).saturating_add(errors);
        self.is_too_large |= all > self.limit;
        !self.is_too_large
    }

    fn value(&mut self, value: Value, nesting: &Nesting, kind: &'a ProjectedKind) -> Result<(), Propagate> {
        if value == Value::Null && !nesting.non_null {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        self.nullable(nesting, |this| this.non_null_value(value, nesting, kind))
    }

    fn take_back(&mut self, start: usize) {
        self.out.truncate(start);
        // In the order in which they end: what is gone is last.
        while let Some((key, end)) = self.endings.last()
            && *end > start
        {
            self.written.remove(key);
            self.endings.pop();
        }
    }

    /// Writes null where `write` has no value to write, or passes that on.
    fn nullable(
        &mut self,
        nesting: &Nesting,
        write: impl FnOnce(&mut Self) -> Result<(), Propagate>,
    ) -> Result<(), Propagate> {
        let start = self.out.len();
        let errors = self.errors.len();
        let Err(Propagate(reason)) = write(self) else {
            return Ok(());
        };
        // What was written and complained about below is gone: one null, one error.
        if self.out.len() > start {
            self.take_back(start);
        }
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
        value: Value,
        nesting: &Nesting,
        kind: &'a ProjectedKind,
    ) -> Result<(), Propagate> {
        match (value, &nesting.items) {
            (Value::Leaf(raw), None) => match kind {
                ProjectedKind::Leaf(leaf) => self.leaf(self.tree.text(raw), leaf),
                _ => self.mismatch("a scalar where an object belongs"),
            },
            (Value::Object(object), None) => match kind {
                ProjectedKind::Composite(node) => self.object_once(object, *node),
                _ => self.mismatch("an object where a scalar belongs"),
            },
            (Value::List(list), Some(inner)) => self.list(list, inner, kind),
            (Value::Leaf(raw), Some(inner)) => self.leaf_list(self.tree.text(raw), inner, kind),
            (Value::Null, _) => self.missing(),
            (Value::Failed(failure), _) => self.failed(failure),
            (_, Some(_)) | (Value::List(_), None) => {
                self.mismatch("a list where none belongs, or none where one does")
            }
        }
    }

    fn list(&mut self, list: List, nesting: &Nesting, kind: &'a ProjectedKind) -> Result<(), Propagate> {
        let tree = self.tree;
        self.out.push(b'[');
        for (index, item) in tree.items(list).iter().enumerate() {
            self.item(index, |this| this.value(*item, nesting, kind))?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn item(
        &mut self,
        index: usize,
        write: impl FnOnce(&mut Self) -> Result<(), Propagate>,
    ) -> Result<(), Propagate> {
        if index > 0 {
            self.out.push(b',');
        }
        self.path.push(Here::Index(index));
        let written = write(self);
        self.path.pop();
        written
    }

    /// A list of leaves is kept as raw JSON; it is taken apart only here.
    fn leaf_list(
        &mut self,
        raw: &'a [u8],
        nesting: &Nesting,
        kind: &'a ProjectedKind,
    ) -> Result<(), Propagate> {
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
        if scanner.enter(b'[').is_err() {
            return self.mismatch("a broken list");
        }
        self.out.push(b'[');
        for index in 0.. {
            match next_item(&mut scanner, index == 0) {
                Ok(Some(item)) => self.item(index, |this| this.leaf_item(item, nesting, (leaf, kind)))?,
                Ok(None) => break,
                Err(_) => return self.mismatch("a broken list"),
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn leaf_item(
        &mut self,
        raw: &'a [u8],
        nesting: &Nesting,
        (leaf, kind): (&Leaf, &'a ProjectedKind),
    ) -> Result<(), Propagate> {
        self.nullable(nesting, |this| match (raw, &nesting.items) {
            (b"null", _) => this.value(Value::Null, nesting, kind),
            (raw, Some(inner)) => this.leaf_list(raw, inner, kind),
            (raw, None) => this.leaf(raw, leaf),
        })
    }

    /// An object that stands at several positions is written once.
    fn object_once(&mut self, object: ObjectId, node: ProjectionId) -> Result<(), Propagate> {
        let object = self.tree.canonical(object);
        if !self.tree.is_shared(object) {
            return self.object(object, node);
        }
        if let Some(range) = self.written.get(&(object, node)).cloned() {
            if !self.has_room(range.len()) {
                return Err(Propagate(None));
            }
            self.out.extend_from_within(range);
            return Ok(());
        }
        let (start, complaints) = (self.out.len(), self.complaints);
        self.object(object, node)?;
        if self.complaints == complaints {
            let range = start..self.out.len();
            self.endings.push(((object, node), range.end));
            self.written.insert((object, node), range);
        }
        Ok(())
    }

    fn object(&mut self, object: ObjectId, node: ProjectionId) -> Result<(), Propagate> {
        if !self.has_room(0) {
            return Err(Propagate(None));
        }
        let projection: &'a Projection = &self.plan.projection;
        let node: &'a ProjectionNode = &projection.nodes[node.0 as usize];
        let (ty, selection) = match &node.object_type {
            Some(ty) => (ty.as_str(), &node.selections[0]),
            None => {
                let found = self
                    .tree
                    .typename(object)
                    .and_then(|ty| node.by_type.iter().find(|(name, _)| name == ty));
                match (found, node.by_type.first()) {
                    (Some((name, index)), _) => (name.as_str(), &node.selections[*index]),
                    // An interface object: nobody asked which type it is, since all are read alike.
                    (None, Some((name, _)))
                        if self.tree.get(object, TYPENAME).is_none() && node.selections.len() == 1 =>
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
    fn unknown_type(&mut self, object: ObjectId) -> Result<(), Propagate> {
        match self.tree.get(object, TYPENAME) {
            Some(Value::Failed(failure)) => self.failed(failure),
            _ => self.mismatch("an object of a type that does not belong here"),
        }
    }

    fn field(&mut self, object: ObjectId, ty: &str, field: &'a ProjectedField) -> Result<(), Propagate> {
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
        let value = self.tree.get(object, field.key).unwrap_or(Value::Null);
        let written = self.value(value, &field.nesting, &field.kind);
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

    fn mismatch(&mut self, found: &str) -> Result<(), Propagate> {
        self.complaints += 1;
        let message = format!("the subgraph answered {found}");
        let error = GraphqlError::new("INVALID_SUBGRAPH_VALUE", None, message, self.path());
        Err(Propagate(Some(Box::new(error))))
    }

    fn failed(&mut self, failure: FailureId) -> Result<(), Propagate> {
        self.complaints += 1;
        let failure = &self.failures[failure.0 as usize];
        Err(Propagate(Some(Box::new(GraphqlError {
            message: failure.message.clone(),
            path: self.path(),
            extensions: failure.extensions.clone(),
        }))))
    }

    /// A null at a non-null place is an error of its own, unless a subgraph has said why already.
    fn missing(&mut self) -> Result<(), Propagate> {
        self.complaints += 1;
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

fn next_item<'r>(scanner: &mut Scanner<'r>, first: bool) -> Result<Option<&'r [u8]>, JsonError> {
    if scanner.more(first, b']')? {
        scanner.value().map(Some)
    } else {
        Ok(None)
    }
}
