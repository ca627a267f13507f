//! A subgraph's document, taken apart once: what it asks for hangs on its variables only where they stand.

use std::sync::Arc;

use apollo_compiler::{
    Name, Node as Ptr,
    ast::{self, Definition, DirectiveList, OperationType, Value as AstValue},
};
use serde_json::{Map, Value};

use crate::{
    exact::{is_exact, number_of},
    selection::{Entry, Node, key},
};

/// Levels of fields that may be asked for apart: root fields, and those of entities. Texts of all levels would be as long as the
/// document is deep, each.
const WRITTEN: usize = 2;

pub(crate) struct Document {
    items: Vec<Item>,
    kind: OperationType,
    /// Names and definitions of its variables.
    pub(crate) definitions: Vec<(Name, String)>,
    /// What variables have that are not given.
    defaults: Map<String, Value>,
    /// Where nothing depends on variables but representations.
    fixed: Option<Arc<Node>>,
}

/// A field as it stands there.
struct Item {
    /// Variables, and what each must be for it to be included.
    conditions: Vec<(Name, bool)>,
    /// As it is whatever the variables are, but for what is open.
    entry: Arc<Entry>,
    open: Option<Open>,
}

/// What hangs on variables.
struct Open {
    /// `None`: the arguments do not.
    arguments: Option<Vec<Ptr<ast::Argument>>>,
    /// `None`: what is selected does not.
    items: Option<Vec<Item>>,
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
        let mut defaults = Map::new();
        for variable in &operation.variables {
            if let Some(default) = &variable.default_value {
                let default = value(default, &Map::new())?.unwrap_or_default();
                defaults.insert(variable.name.to_string(), default);
            }
        }
        let mut items = Vec::new();
        read_all(&operation.selection_set, 0, (&[], &[]), &mut items)?;
        Some(Self {
            fixed: fixed(&items),
            items,
            kind: operation.operation_type,
            definitions: operation.variables.iter().map(definition).collect(),
            defaults,
        })
    }

    pub(crate) fn is_mutation(&self) -> bool {
        self.kind == OperationType::Mutation
    }

    /// Fields at its root, those that a condition may leave out included.
    pub(crate) fn fields(&self) -> usize {
        self.items.len()
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
        node(&self.items, &all)
    }
}

/// Reads what stands below types and conditions.
fn read_all(
    selection: &[ast::Selection],
    level: usize,
    (on, conditions): (&[Name], &[(Name, bool)]),
    items: &mut Vec<Item>,
) -> Option<()> {
    for selected in selection {
        match selected {
            ast::Selection::Field(field) => {
                if let Some(conditions) = conditions_of(&field.directives, conditions)? {
                    items.push(read(field, level, (on, conditions))?);
                }
            }
            ast::Selection::InlineFragment(fragment) => {
                if let Some(conditions) = conditions_of(&fragment.directives, conditions)? {
                    let on = [on, fragment.type_condition.as_slice()].concat();
                    read_all(&fragment.selection_set, level, (&on, &conditions), items)?;
                }
            }
            ast::Selection::FragmentSpread(_) => return None,
        }
    }
    Some(())
}

fn read(
    field: &Ptr<ast::Field>,
    level: usize,
    (on, conditions): (&[Name], Vec<(Name, bool)>),
) -> Option<Item> {
    // The representations are not part of the question; they are whom it is about.
    let is_entities = level == 0 && field.name == "_entities";
    let (mut arguments, mut are_open) = (Map::new(), false);
    if !is_entities {
        let mut uses = Vec::new();
        for argument in &field.arguments {
            // Of what hangs on variables, whether it is understood.
            if let Some(value) = value(&argument.value, &Map::new())? {
                arguments.insert(argument.name.to_string(), value);
            }
            variables_in(&argument.value, &mut uses);
        }
        are_open = !uses.is_empty();
    }
    let mut items = Vec::new();
    let selection = field.selection_set.as_deref().unwrap_or_default();
    read_all(selection, level + 1, (&[], &[]), &mut items)?;
    let has_selection = !selection.is_empty();
    let below = has_selection.then(|| fixed(&items)).flatten();
    let is_open_below = has_selection && below.is_none();
    let (mut text, mut uses) = (String::new(), Vec::new());
    if level < WRITTEN {
        text = field.serialize().no_indent().to_string();
        variables_of(field, &mut uses);
    }
    Some(Item {
        conditions,
        entry: Arc::new(Entry {
            on: on.into(),
            response: field.alias.clone().unwrap_or_else(|| field.name.clone()),
            name: field.name.clone(),
            key: key(&field.name, &arguments),
            arguments,
            node: below,
            text: text.into(),
            uses: uses.into(),
        }),
        open: (are_open || is_open_below).then(|| Open {
            arguments: are_open.then(|| field.arguments.clone()),
            items: is_open_below.then_some(items),
        }),
    })
}

/// What they are when nothing hangs on variables.
fn fixed(items: &[Item]) -> Option<Arc<Node>> {
    let is_fixed = |item: &Item| item.conditions.is_empty() && item.open.is_none();
    let entries = || items.iter().map(|item| Arc::clone(&item.entry)).collect();
    items.iter().all(is_fixed).then(|| Arc::new(Node::new(entries())))
}

fn node(items: &[Item], variables: &Map<String, Value>) -> Option<Arc<Node>> {
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let mut included = true;
        for (name, wanted) in &item.conditions {
            included &= variables.get(name.as_str())?.as_bool()? == *wanted;
            if !included {
                break;
            }
        }
        if included {
            entries.push(entry(item, variables)?);
        }
    }
    Some(Arc::new(Node::new(entries)))
}

fn entry(item: &Item, variables: &Map<String, Value>) -> Option<Arc<Entry>> {
    let Some(open) = &item.open else {
        return Some(Arc::clone(&item.entry));
    };
    let mut entry = Entry::clone(&item.entry);
    if let Some(given) = &open.arguments {
        entry.arguments.clear();
        for argument in given {
            if let Some(value) = value(&argument.value, variables)? {
                entry.arguments.insert(argument.name.to_string(), value);
            }
        }
        entry.key = key(&entry.name, &entry.arguments);
    }
    if let Some(items) = &open.items {
        entry.node = Some(node(items, variables)?);
    }
    Some(Arc::new(entry))
}

/// With those above. The outer `None`: they are not understood. The inner: it is never included.
fn conditions_of(directives: &DirectiveList, above: &[(Name, bool)]) -> Option<Option<Vec<(Name, bool)>>> {
    let (mut all, mut included) = (above.to_vec(), true);
    for directive in &directives.0 {
        let wanted = match directive.name.as_str() {
            "include" => true,
            "skip" => false,
            // It may change the value.
            _ => return None,
        };
        match &**directive.specified_argument_by_name("if")? {
            AstValue::Boolean(holds) => included &= *holds == wanted,
            AstValue::Variable(name) => all.push((name.clone(), wanted)),
            _ => return None,
        }
    }
    Some(included.then_some(all))
}

/// The outer `None`: it is not understood. The inner: a variable that has no value.
fn value(value: &AstValue, variables: &Map<String, Value>) -> Option<Option<Value>> {
    Some(Some(match value {
        AstValue::Null => Value::Null,
        AstValue::Enum(name) => Value::from(name.as_str()),
        AstValue::Variable(name) => return Some(variables.get(name.as_str()).cloned()),
        AstValue::String(text) => Value::from(text.as_str()),
        AstValue::Boolean(value) => Value::Bool(*value),
        AstValue::Int(number) => number_of(number.as_str())?,
        AstValue::Float(number) => number_of(number.as_str())?,
        AstValue::List(items) => {
            let mut all = Vec::with_capacity(items.len());
            for item in items {
                all.push(self::value(item, variables)?.unwrap_or(Value::Null));
            }
            Value::Array(all)
        }
        AstValue::Object(fields) => {
            let mut all = Map::new();
            for (name, field) in fields {
                if let Some(value) = self::value(field, variables)? {
                    all.insert(name.to_string(), value);
                }
            }
            Value::Object(all)
        }
    }))
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
        assert_eq!(
            keys("query($n:Int=3){a:list(first:$n,by:NAME)}", ""),
            one,
            "a default"
        );
    }

    #[test]
    fn conditions_are_decided() {
        let text = "query($a:Boolean!){x ...@include(if:$a){y} z@skip(if:$a)}";
        assert_eq!(keys(text, r#""a":true"#), ["x:x", "y:y"]);
        assert_eq!(keys(text, r#""a":false"#), ["x:x", "z:z"]);
        assert_eq!(keys("{x y@skip(if:true) z@include(if:true)}", ""), ["x:x", "z:z"]);
        let nested = "query($a:Boolean!,$b:Boolean!){...@include(if:$a){x ...on T@skip(if:$b){y}}}";
        assert_eq!(keys(nested, r#""a":true,"b":false"#), ["x:x", "y:y"]);
        assert_eq!(keys(nested, r#""a":true,"b":true"#), ["x:x"]);
        assert_eq!(keys(nested, r#""a":false,"b":false"#), [""; 0]);
    }

    #[test]
    fn variables_reach_every_level() {
        let signature = |variables: &str| {
            let text = "query($n:Int){a{b{c d(first:$n)} e} f}";
            let node = Document::read(text)
                .unwrap()
                .resolve(variables.as_bytes())
                .unwrap();
            (node.signature, node.plain)
        };
        assert_eq!(signature(r#""n":1"#), signature(r#""n":1"#));
        assert_ne!(signature(r#""n":1"#).0, signature(r#""n":2"#).0);
        // An argument without a value is none.
        assert_eq!((signature("").1, signature(r#""n":1"#).1), (true, false));
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        assert!(Document::read("{a ...F} fragment F on Query{b}").is_none());
        assert!(Document::read("{a @live}").is_none());
        assert!(Document::read("{a").is_none());
        let number = Document::read("query($n:Int){a(n:$n)}").unwrap();
        assert!(number.resolve(br#""n":1.23456789012345678"#).is_none());
        let condition = Document::read("query($a:Boolean){a@skip(if:$a)}").unwrap();
        assert!(condition.resolve(b"").is_none());
        assert!(condition.resolve(br#""a":1"#).is_none());
    }
}
