//! What a subgraph's document asks for, with its conditions decided and its arguments filled in.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use apollo_compiler::{
    Name, Node as Ptr,
    ast::{self, Definition, DirectiveList, OperationType, Value as AstValue},
};
use serde_json::{Map, Value};

use crate::types::{Known, Types};

/// Levels of fields that may be asked for apart: root fields, and those of entities. Texts of all levels would be as long as the
/// document is deep, each.
const WRITTEN: usize = 2;

/// Digits that a number with a fraction is told apart by.
const DIGITS: usize = 17;

/// A document, read once.
pub(crate) struct Document {
    items: Vec<ast::Selection>,
    kind: OperationType,
    /// Names and definitions of its variables.
    pub(crate) definitions: Vec<(Name, String)>,
    /// What variables have that are not given.
    defaults: Map<String, Value>,
    /// Where nothing depends on variables but representations.
    fixed: Option<Arc<Node>>,
}

/// A selection set.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) entries: Vec<Entry>,
    /// Two entries answer under the same key.
    doubled: bool,
    /// Answers have the form in which values are kept: no alias, no argument, nothing that hangs on a type.
    pub(crate) plain: bool,
    /// Equal for selections whose answers look alike.
    pub(crate) signature: u128,
}

/// A field.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Types that the object must be of, all of them.
    pub(crate) on: Vec<Name>,
    /// Its key in the answer.
    pub(crate) response: Name,
    pub(crate) name: Name,
    /// Its name, and what stands for its arguments if it has any: equal for what has one value.
    pub(crate) key: Arc<str>,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) node: Option<Node>,
    /// As it stands in the document, with all that is selected below it. Empty below [`WRITTEN`] levels.
    pub(crate) text: String,
    /// Variables in `text`.
    pub(crate) uses: Vec<Name>,
}

/// The entries of some nodes that concern one object, those of one response key together.
pub(crate) struct Wanted<'n> {
    pub(crate) first: &'n Entry,
    pub(crate) entries: Vec<&'n Entry>,
    pub(crate) nodes: Vec<&'n Node>,
}

impl Document {
    /// `None`: it is nothing that the planner would write.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let parsed = ast::Document::parse(text, "subgraph.graphql").ok()?;
        let [Definition::OperationDefinition(operation)] = &parsed.definitions[..] else {
            return None;
        };
        let definition = |variable: &Ptr<ast::VariableDefinition>| {
            (
                variable.name.clone(),
                variable.serialize().no_indent().to_string(),
            )
        };
        let mut document = Self {
            items: operation.selection_set.clone(),
            kind: operation.operation_type,
            definitions: operation.variables.iter().map(definition).collect(),
            defaults: Map::new(),
            fixed: None,
        };
        let mut resolver = Resolver {
            variables: None,
            met: false,
        };
        for variable in &operation.variables {
            if let Some(default) = &variable.default_value {
                let default = resolver.value(default)?.unwrap_or_default();
                document.defaults.insert(variable.name.to_string(), default);
            }
        }
        let node = resolver.node(&document.items, 0)?;
        if !resolver.met {
            document.fixed = Some(Arc::new(node));
        }
        Some(document)
    }

    pub(crate) fn is_mutation(&self) -> bool {
        self.kind == OperationType::Mutation
    }

    /// `variables`: members of a JSON object. `None`: they are no JSON, or there is something that is not understood.
    pub(crate) fn resolve(&self, variables: &[u8]) -> Option<Arc<Node>> {
        if let Some(fixed) = &self.fixed {
            return Some(Arc::clone(fixed));
        }
        if !is_exact(variables) {
            return None;
        }
        let mut all = self.defaults.clone();
        let given: Map<String, Value> = serde_json::from_slice(&[b"{", variables, b"}"].concat()).ok()?;
        all.extend(given);
        let mut resolver = Resolver {
            variables: Some(&all),
            met: false,
        };
        resolver.node(&self.items, 0).map(Arc::new)
    }
}

struct Resolver<'v> {
    /// `None`: not given yet.
    variables: Option<&'v Map<String, Value>>,
    /// Something depends on a variable.
    met: bool,
}

impl Resolver<'_> {
    fn node(&mut self, items: &[ast::Selection], level: usize) -> Option<Node> {
        let mut entries = Vec::new();
        self.collect(items, &mut Vec::new(), level, &mut entries)?;
        Some(Node::new(entries))
    }

    fn collect(
        &mut self,
        items: &[ast::Selection],
        on: &mut Vec<Name>,
        level: usize,
        entries: &mut Vec<Entry>,
    ) -> Option<()> {
        for item in items {
            match item {
                ast::Selection::Field(field) => {
                    if self.is_included(&field.directives)? {
                        entries.push(self.entry(field, on, level)?);
                    }
                }
                ast::Selection::InlineFragment(fragment) => {
                    if self.is_included(&fragment.directives)? {
                        let depth = on.len();
                        on.extend(fragment.type_condition.clone());
                        self.collect(&fragment.selection_set, on, level, entries)?;
                        on.truncate(depth);
                    }
                }
                ast::Selection::FragmentSpread(_) => return None,
            }
        }
        Some(())
    }

    fn entry(&mut self, field: &Ptr<ast::Field>, on: &[Name], level: usize) -> Option<Entry> {
        // The representations are not part of the question; they are whom it is about.
        let is_entities = level == 0 && field.name == "_entities";
        let mut arguments = Map::new();
        if !is_entities {
            for argument in &field.arguments {
                if let Some(value) = self.value(&argument.value)? {
                    arguments.insert(argument.name.to_string(), value);
                }
            }
        }
        let node = match field.selection_set.as_deref() {
            None | Some([]) => None,
            Some(items) => Some(self.node(items, level + 1)?),
        };
        let (mut text, mut uses) = (String::new(), Vec::new());
        if level < WRITTEN {
            text = field.serialize().no_indent().to_string();
            variables_of(field, &mut uses);
        }
        Some(Entry {
            on: on.to_vec(),
            response: field.alias.clone().unwrap_or_else(|| field.name.clone()),
            name: field.name.clone(),
            key: key(&field.name, &arguments),
            arguments,
            node,
            text,
            uses,
        })
    }

    fn is_included(&mut self, directives: &DirectiveList) -> Option<bool> {
        let mut included = true;
        for directive in &directives.0 {
            let wanted = match directive.name.as_str() {
                "include" => true,
                "skip" => false,
                // It may change the value.
                _ => return None,
            };
            let condition = directive.specified_argument_by_name("if")?;
            let holds = match self.value(condition)? {
                Some(Value::Bool(holds)) => holds,
                // Not known yet: whatever comes of it, it is met.
                None if self.variables.is_none() => true,
                _ => return None,
            };
            included &= holds == wanted;
        }
        Some(included)
    }

    /// The inner `None`: a variable that has no value.
    fn value(&mut self, value: &AstValue) -> Option<Option<Value>> {
        Some(Some(match value {
            AstValue::Null => Value::Null,
            AstValue::Enum(name) => Value::from(name.as_str()),
            AstValue::Variable(name) => {
                self.met = true;
                return Some(self.variables.and_then(|known| known.get(name.as_str())).cloned());
            }
            AstValue::String(text) => Value::from(text.as_str()),
            AstValue::Boolean(value) => Value::Bool(*value),
            AstValue::Int(number) => number_of(number.as_str())?,
            AstValue::Float(number) => number_of(number.as_str())?,
            AstValue::List(items) => {
                let mut all = Vec::with_capacity(items.len());
                for item in items {
                    all.push(self.value(item)?.unwrap_or(Value::Null));
                }
                Value::Array(all)
            }
            AstValue::Object(fields) => {
                let mut all = Map::new();
                for (name, field) in fields {
                    if let Some(value) = self.value(field)? {
                        all.insert(name.to_string(), value);
                    }
                }
                Value::Object(all)
            }
        }))
    }
}

/// `None`: it has more digits than a number here can have, and would look like another one.
fn number_of(text: &str) -> Option<Value> {
    let number: Value = serde_json::from_str(text).ok()?;
    let digits = text.split(['e', 'E']).next()?.bytes().filter(u8::is_ascii_digit);
    (!number.is_f64() || digits.count() <= DIGITS).then_some(number)
}

/// Whether no number of a JSON text would look like another one.
fn is_exact(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some((first, after)) = rest.split_first() {
        let length = match first {
            b'"' => string_length(after),
            b'-' | b'0'..=b'9' => {
                let is_of_it = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                let end = after
                    .iter()
                    .position(|byte| !is_of_it(byte))
                    .unwrap_or(after.len());
                let text = std::str::from_utf8(&rest[..=end]).unwrap_or_default();
                if number_of(text).is_none() {
                    return false;
                }
                end
            }
            _ => 0,
        };
        rest = &after[length..];
    }
    true
}

/// Of what is left of a string after its first quote.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Which values one field can have is told apart by its arguments. Literals of an enum and of a string look alike here; no argument
/// takes both.
fn key(name: &Name, arguments: &Map<String, Value>) -> Arc<str> {
    if arguments.is_empty() {
        return name.as_str().into();
    }
    // The map is in the order of the names.
    let text = serde_json::to_vec(arguments).expect("JSON values always serialise");
    let hash = blake3::hash(&text).to_hex();
    format!("{name}#{}", &hash[..32]).into()
}

fn variables_of(field: &ast::Field, uses: &mut Vec<Name>) {
    let of_directives = |directives: &DirectiveList, uses: &mut Vec<Name>| {
        for directive in &directives.0 {
            for argument in &directive.arguments {
                variables_in(&argument.value, uses);
            }
        }
    };
    for argument in &field.arguments {
        variables_in(&argument.value, uses);
    }
    of_directives(&field.directives, uses);
    let mut waiting: Vec<&ast::Selection> = field.selection_set.iter().flatten().collect();
    while let Some(selection) = waiting.pop() {
        match selection {
            ast::Selection::Field(field) => variables_of(field, uses),
            ast::Selection::InlineFragment(fragment) => {
                of_directives(&fragment.directives, uses);
                waiting.extend(&fragment.selection_set);
            }
            ast::Selection::FragmentSpread(_) => {}
        }
    }
}

fn variables_in(value: &AstValue, uses: &mut Vec<Name>) {
    match value {
        AstValue::Variable(name) if !uses.contains(name) => uses.push(name.clone()),
        AstValue::List(items) => items.iter().for_each(|item| variables_in(item, uses)),
        AstValue::Object(fields) => fields.iter().for_each(|(_, field)| variables_in(field, uses)),
        _ => {}
    }
}

impl Node {
    fn new(entries: Vec<Entry>) -> Self {
        let typed = entries.iter().any(|entry| !entry.on.is_empty());
        let mut responses = HashSet::with_capacity(entries.len());
        let doubled = !entries.iter().all(|entry| responses.insert(&entry.response));
        let plain = !typed
            && !doubled
            && entries.iter().all(|entry| {
                *entry.key == *entry.response.as_str() && entry.node.as_ref().is_none_or(|node| node.plain)
            });
        let mut hasher = blake3::Hasher::new();
        for entry in &entries {
            for part in entry
                .on
                .iter()
                .map(Name::as_str)
                .chain([&*entry.key, entry.response.as_str()])
            {
                hasher.update(part.as_bytes());
                hasher.update(b"\0");
            }
            hasher.update(&entry.node.as_ref().map_or(0, |node| node.signature).to_le_bytes());
            hasher.update(b"\x01");
        }
        let mut half = [0; 16];
        hasher.finalize_xof().fill(&mut half);
        Self {
            entries,
            doubled,
            plain,
            signature: u128::from_le_bytes(half),
        }
    }
}

/// `None`: it cannot be told which entries are for this object.
pub(crate) fn wanted<'n>(nodes: &[&'n Node], types: Types<'_>, known: Known<'_>) -> Option<Vec<Wanted<'n>>> {
    let mut all: Vec<Wanted<'n>> = Vec::with_capacity(nodes.iter().map(|node| node.entries.len()).sum());
    let simple = matches!(nodes, [node] if !node.doubled);
    let mut known_at: HashMap<&str, usize> = HashMap::new();
    for entry in nodes.iter().flat_map(|node| &node.entries) {
        let mut applies = true;
        for on in &entry.on {
            applies &= types.applies(on, known)?;
        }
        if !applies {
            continue;
        }
        let next = all.len();
        let at = match simple {
            true => next,
            false => *known_at.entry(entry.response.as_str()).or_insert(next),
        };
        let same = all.get_mut(at);
        match same {
            Some(same) => {
                same.entries.push(entry);
                same.nodes.extend(&entry.node);
            }
            None => all.push(Wanted {
                first: entry,
                entries: vec![entry],
                nodes: entry.node.iter().collect(),
            }),
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str, variables: &str) -> Vec<String> {
        let document = Document::read(text).unwrap();
        let node = document.resolve(variables.as_bytes()).unwrap();
        node.entries
            .iter()
            .map(|entry| format!("{}:{}", entry.response, entry.key))
            .collect()
    }

    #[test]
    fn equal_arguments_are_one_key_however_they_are_written() {
        let one = keys("query($n:Int){a:list(first:$n,by:NAME)}", r#""n":3"#);
        assert_eq!(one, keys("query($x:By!){a:list(by:$x first:3)}", r#""x":"NAME""#));
        assert_ne!(one, keys("query($n:Int){a:list(first:$n,by:NAME)}", r#""n":4"#));
        assert_eq!(keys("query($n:Int){list(first:$n)}", ""), ["list:list"]);
    }

    #[test]
    fn conditions_are_decided() {
        let text = "query($a:Boolean!){x ...@include(if:$a){y} z@skip(if:$a)}";
        assert_eq!(keys(text, r#""a":true"#), ["x:x", "y:y"]);
        assert_eq!(keys(text, r#""a":false"#), ["x:x", "z:z"]);
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        assert!(Document::read("{a ...F} fragment F on Query{b}").is_none());
        assert!(Document::read("{a @live}").is_none());
        assert!(Document::read("{a").is_none());
    }
}
