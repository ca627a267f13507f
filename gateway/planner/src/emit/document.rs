//! The text of a subgraph document, and the shape of its answer.

use std::{collections::BTreeSet, fmt::Write as _};

use apollo_compiler::{
    Name,
    ast::{OperationType, Value},
};
use causeway_graph::QueryGraph;
use causeway_model::{
    CallTemplate, ContextVariable, DocumentTemplate, Guard, KeyId, MergeTemplate, Piece, Shape, ShapeField,
    ShapeId, SubgraphId, plan::TYPENAME,
};

use super::{
    aliases::{AliasAssigner, Aliases},
    own_names::{self, Marks},
};
use crate::{
    draft::{Drafts, NodeField, NodeId},
    operation::NormalizedOperation,
};

pub(super) struct DocumentWriter<'a> {
    graph: &'a QueryGraph,
    operation: &'a NormalizedOperation,
    drafts: &'a Drafts,
    subgraph: SubgraphId,
    aliases: Aliases,
    body: String,
    kind: OperationType,
    /// Variables with representations, in order, each with those that are filled from contexts.
    representations: Vec<(String, Vec<ContextVariable>)>,
    /// By `_entities` field.
    calls: Vec<CallTemplate>,
    used: Vec<Name>,
    marks: Marks,
    /// What it asks for: fields of the root, or of the types of entities. Sorted.
    fields: BTreeSet<String>,
}

/// A finished document.
pub(super) struct Document {
    pub(super) text: String,
    /// The client's variables that it uses.
    pub(super) variables: Vec<Name>,
    /// Its parts, where it takes values from contexts.
    pub(super) template: Option<DocumentTemplate>,
    /// How it is asked with others, if it can be.
    pub(super) merging: Option<MergeTemplate>,
}

impl<'a> DocumentWriter<'a> {
    pub(super) fn new(
        graph: &'a QueryGraph,
        operation: &'a NormalizedOperation,
        drafts: &'a Drafts,
        subgraph: SubgraphId,
        marks: Marks,
    ) -> Self {
        Self {
            graph,
            operation,
            drafts,
            subgraph,
            aliases: Aliases::default(),
            body: String::new(),
            kind: OperationType::Query,
            representations: Vec::new(),
            calls: Vec::new(),
            used: Vec::new(),
            marks,
            fields: BTreeSet::new(),
        }
    }

    pub(super) fn root(&mut self, node: NodeId) {
        self.kind = self.operation.operation_type;
        self.note_fields(node, "");
        self.assign_aliases(&[node]);
        let text = self.selection(node, true);
        self.body.push_str(&text);
    }

    /// `{...on User{name}}` for the types of one `_entities` field.
    /// With the client's variables that it uses.
    pub(super) fn entity_selection(&mut self, nodes: &[NodeId]) -> (String, Vec<Name>) {
        self.assign_aliases(nodes);
        let others = std::mem::take(&mut self.used);
        let mut text = String::from("{");
        // Which type came back matters when several were asked for under different shapes; the key's
        // order tells already which entity it is.
        for node in nodes {
            let selection = self.selection(*node, false);
            let ty = &self.drafts.node(*node).ty;
            self.note_fields(*node, ty);
            // Writing to a String cannot fail.
            let _ = write!(text, "...on {ty}{selection}");
        }
        text.push('}');
        let own = std::mem::replace(&mut self.used, others);
        for name in &own {
            if !self.used.contains(name) {
                self.used.push(name.clone());
            }
        }
        (text, own)
    }

    /// `selection` is one that [`Self::entity_selection`] gave.
    pub(super) fn entities_field(
        &mut self,
        alias: &str,
        variable: &str,
        (selection, variables): (&str, Vec<Name>),
        contexts: &[ContextVariable],
    ) {
        if self.body.is_empty() {
            self.body.push('{');
        }
        let _ = match alias {
            "_entities" => write!(self.body, "{}_entities", self.marks.field),
            _ => write!(self.body, "{}{alias}:_entities", self.marks.name),
        };
        let _ = write!(self.body, "(representations:${}{variable})", self.marks.name);
        let pieces = pieces(selection);
        for piece in &pieces {
            self.body.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Context(index) => &contexts[*index].name,
            });
        }
        self.calls.push(CallTemplate { variables, pieces });
        self.representations
            .push((variable.to_owned(), contexts.to_vec()));
    }

    pub(super) fn finish(mut self) -> Document {
        if !self.representations.is_empty() {
            self.body.push('}');
        }
        let mut definitions: Vec<String> = Vec::new();
        for (name, contexts) in &self.representations {
            definitions.push(format!("${}{name}:[_Any!]!", self.marks.name));
            definitions.extend(
                contexts
                    .iter()
                    .map(|variable| format!("${}:{}", variable.name, variable.ty)),
            );
        }
        let mut clients = Vec::new();
        for variable in &self.operation.variables {
            if self.used.contains(&variable.name) {
                let mut text = format!("${}{}:{}", self.marks.name, variable.name, variable.ty);
                if let Some(default) = &variable.default_value {
                    let _ = write!(text, "={}", default.serialize().no_indent());
                }
                clients.push((variable.name.clone(), text));
            }
        }
        let takes_contexts = self
            .representations
            .iter()
            .any(|(_, contexts)| !contexts.is_empty());
        let template = takes_contexts.then(|| DocumentTemplate {
            definitions: clients.clone(),
            calls: std::mem::take(&mut self.calls),
        });
        definitions.extend(clients.into_iter().map(|(_, text)| text));
        let order = &self.operation.variables;
        let used = order
            .iter()
            .map(|variable| &variable.name)
            .filter(|name| self.used.contains(name));
        let variables = used.cloned().collect();
        let definitions = definitions.join(",");
        let kind = self.kind.name();
        let (text, merging) = match (definitions.is_empty(), self.kind) {
            (_, OperationType::Query) if self.marks.is_marked() => {
                let fields: Vec<String> = self.fields.into_iter().collect();
                let (text, merging) = own_names::query(&definitions, &self.body, fields.join(",").into());
                (text, Some(merging))
            }
            (true, OperationType::Query) => (self.body, None),
            (true, _) => (format!("{kind}{}", self.body), None),
            (false, _) => (format!("{kind}({definitions}){}", self.body), None),
        };
        Document {
            text,
            variables,
            template,
            merging,
        }
    }

    fn assign_aliases(&mut self, nodes: &[NodeId]) {
        let keys = &self.operation.keys;
        AliasAssigner {
            graph: self.graph,
            drafts: self.drafts,
            subgraph: self.subgraph,
            names: &|key| keys.name(key),
            aliases: &mut self.aliases,
        }
        .assign(nodes);
    }

    /// `of`: the type; empty for the root.
    fn note_fields(&mut self, node: NodeId, of: &str) {
        let content = self.drafts.node(node);
        for field in &content.fields {
            self.fields.insert(match of {
                "" => field.name.to_string(),
                of => format!("{of}.{}", field.name),
            });
        }
        for (on, fragment) in &content.fragments {
            self.note_fields(*fragment, on);
        }
    }

    /// `top`: its keys are those of the answer's data.
    fn selection(&mut self, node: NodeId, top: bool) -> String {
        let content = self.drafts.node(node);
        let mut text = String::from("{");
        // Where every field may be skipped, something must stay: servers answer an object with an empty selection as
        // they please, some with null.
        let may_be_empty =
            content.fields.iter().all(|field| is_written(&field.guard)) && content.fragments.is_empty();
        let marks = if top { self.marks } else { Marks::NONE };
        if content.typename || may_be_empty {
            let _ = write!(text, "{}__typename", marks.field);
        }
        for (index, field) in content.fields.iter().enumerate() {
            let (wrappers, own) = self.conditions(&field.guard);
            for wrapper in &wrappers {
                let _ = write!(text, "...{wrapper}{{");
            }
            separate(&mut text);
            let named = self.json_key(node, index, field.key) == field.name.as_str();
            text.push_str(if named { marks.field } else { marks.name });
            self.field(&mut text, node, index, field, &own);
            text.push_str(&"}".repeat(wrappers.len()));
        }
        for (on, fragment) in &content.fragments {
            let selection = self.selection(*fragment, top);
            let _ = write!(text, "...on {on}{selection}");
        }
        text.push('}');
        text
    }

    fn field(&mut self, text: &mut String, node: NodeId, index: usize, field: &NodeField, conditions: &str) {
        let json_key = self.json_key(node, index, field.key);
        if json_key != field.name.as_str() {
            text.push_str(&json_key);
            text.push(':');
        }
        text.push_str(&field.name);
        for (position, argument) in field.arguments.iter().enumerate() {
            text.push(if position == 0 { '(' } else { ',' });
            let _ = write!(text, "{}:", argument.name);
            own_names::write_value(text, &argument.value, self.marks);
            self.use_variables(&argument.value);
        }
        for (position, (argument, context)) in field.contexts.iter().enumerate() {
            let first = position == 0 && field.arguments.is_empty();
            text.push(if first { '(' } else { ',' });
            let _ = write!(text, "{argument}:${CONTEXT}{context}{CONTEXT}");
        }
        if !field.arguments.is_empty() || !field.contexts.is_empty() {
            text.push(')');
        }
        text.push_str(conditions);
        if let Some(child) = field.child {
            let selection = self.selection(child, false);
            text.push_str(&selection);
        }
    }

    /// `@skip` and `@include` for a guard: those that stand on fragments around the field, then those on the field itself.
    /// Neither directive may be repeated at one place. A guard of several alternatives has no form in GraphQL: the
    /// field is asked for always, and left out of the response where it does not belong.
    fn conditions(&mut self, guard: &Guard) -> (Vec<String>, String) {
        let Some(term) = guard.single() else {
            return (Vec::new(), String::new());
        };
        let mut wrappers = Vec::new();
        let mut own = String::new();
        for (set, directive) in [(term.when_true, "include"), (term.when_false, "skip")] {
            let mut first = true;
            for (bit, variable) in self.operation.conditions.iter().enumerate() {
                if set & (1u64 << bit) == 0 {
                    continue;
                }
                if !self.used.contains(variable) {
                    self.used.push(variable.clone());
                }
                let text = format!("@{directive}(if:${}{variable})", self.marks.name);
                if first {
                    own.push_str(&text)
                } else {
                    wrappers.push(text)
                }
                first = false;
            }
        }
        (wrappers, own)
    }

    fn use_variables(&mut self, value: &Value) {
        match value {
            Value::Variable(name) if !self.used.contains(name) => self.used.push(name.clone()),
            Value::List(items) => items.iter().for_each(|item| self.use_variables(item)),
            Value::Object(fields) => fields.iter().for_each(|(_, value)| self.use_variables(value)),
            _ => {}
        }
    }

    fn json_key(&self, node: NodeId, index: usize, key: KeyId) -> String {
        match self.aliases.get(&(node.position(), index)) {
            Some(alias) => alias.clone(),
            None => self.operation.keys.name(key),
        }
    }

    /// The shape of an object that `nodes` describe together. Aliases have made sure that one JSON key means one
    /// thing, whatever the object's type.
    pub(super) fn shape(&self, nodes: &[NodeId], shape: &mut Shape) -> ShapeId {
        let id =
            ShapeId(u32::try_from(shape.nodes.len()).expect("a document has fewer than 2^32 selections"));
        shape.nodes.push(Vec::new());
        let mut fields: Vec<(String, KeyId, Vec<NodeId>)> = Vec::new();
        for node in nodes {
            self.shape_fields(*node, &mut fields);
        }
        let fields = fields
            .into_iter()
            .map(|(json_key, key, children)| ShapeField {
                json_key,
                key,
                child: (!children.is_empty()).then(|| self.shape(&children, shape)),
            })
            .collect();
        shape.nodes[id.0 as usize] = fields;
        id
    }

    fn shape_fields(&self, node: NodeId, into: &mut Vec<(String, KeyId, Vec<NodeId>)>) {
        let content = self.drafts.node(node);
        if content.typename && !into.iter().any(|(_, key, _)| *key == TYPENAME) {
            into.push(("__typename".to_owned(), TYPENAME, Vec::new()));
        }
        for (index, field) in content.fields.iter().enumerate() {
            let json_key = self.json_key(node, index, field.key);
            match into.iter_mut().find(|(held, ..)| *held == json_key) {
                Some((_, _, children)) => children.extend(field.child),
                None => into.push((json_key, field.key, field.child.into_iter().collect())),
            }
        }
        for (_, fragment) in &content.fragments {
            self.shape_fields(*fragment, into);
        }
    }
}

/// Stands around the index of a context variable until its name is known; nothing else in a document has it.
const CONTEXT: char = '\u{0}';

fn pieces(selection: &str) -> Vec<Piece> {
    let parts = selection.split(CONTEXT).enumerate();
    parts
        .map(|(position, part)| match part.parse() {
            Ok(index) if position % 2 == 1 => Piece::Context(index),
            _ => Piece::Text(part.to_owned()),
        })
        .collect()
}

/// Whether the guard stands in the document, i.e. whether the field may be missing from the answer.
fn is_written(guard: &Guard) -> bool {
    guard
        .single()
        .is_some_and(|term| !term.without_deferrals().is_always())
}

/// Between two names, where no bracket ends the one before.
fn separate(text: &mut String) {
    if text.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '_') {
        text.push(' ');
    }
}
