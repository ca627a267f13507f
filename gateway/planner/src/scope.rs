//! Names in the data tree.
//!
//! At each place of the tree a name stands for one field with one set of arguments. The client's response
//! keys are taken first; keys and requirements that the planner adds share a name when it means the same
//! field, and get an internal alias when it does not: `{ user { id: handle } }` still needs the real `id`.

use std::{cell::RefCell, rc::Rc};

use apollo_compiler::{
    Name, Node,
    ast::Argument,
    collections::{HashMap, HashSet},
};
use causeway_model::KeyId;

use crate::operation::{Keys, SelectedField, Selection, Selections};

/// One place of the data tree, with the places below it.
#[derive(Default)]
pub(crate) struct Scope {
    names: RefCell<HashMap<KeyId, Vec<Signature>>>,
    below: RefCell<HashMap<KeyId, Rc<Scope>>>,
    /// Selections that were registered here: one that is spread twice says nothing new the second time.
    registered: RefCell<HashSet<*const Selection>>,
}

#[derive(PartialEq, Clone)]
struct Signature {
    name: Name,
    arguments: Vec<Node<Argument>>,
}

impl Scope {
    /// The scopes of a whole client operation.
    pub(crate) fn of_client(selection: &Selections) -> Rc<Self> {
        let scope = Rc::new(Self::default());
        scope.register(selection);
        scope
    }

    fn register(&self, selection: &Selections) {
        if !self.registered.borrow_mut().insert(selection.as_ptr()) {
            return;
        }
        for item in selection.iter() {
            match item {
                Selection::Field(field) => {
                    self.add(field.key, Signature::of(field));
                    if let Some(below) = &field.selection {
                        self.below(field.key).register(below);
                    }
                }
                Selection::Fragment { selection, .. } => self.register(selection),
            }
        }
    }

    fn add(&self, key: KeyId, signature: Signature) {
        let mut names = self.names.borrow_mut();
        let signatures = names.entry(key).or_default();
        if !signatures.contains(&signature) {
            signatures.push(signature);
        }
    }

    pub(crate) fn below(&self, key: KeyId) -> Rc<Scope> {
        self.below.borrow_mut().entry(key).or_default().clone()
    }

    /// The data key for a field that the planner needs, here.
    pub(crate) fn internal_key(&self, keys: &Keys, name: &Name, arguments: &[Node<Argument>]) -> KeyId {
        let signature = Signature {
            name: name.clone(),
            arguments: arguments.to_vec(),
        };
        let mut candidate = name.to_string();
        for attempt in 0.. {
            let key = keys.intern(&candidate);
            let means_this = match self.names.borrow().get(&key) {
                None => true,
                Some(signatures) => signatures.iter().all(|held| *held == signature),
            };
            if means_this {
                self.add(key, signature);
                return key;
            }
            candidate = format!("_i{attempt}_{name}");
        }
        unreachable!("there are more names than fields")
    }
}

impl Signature {
    fn of(field: &SelectedField) -> Self {
        Self {
            name: field.name.clone(),
            arguments: field.arguments.clone(),
        }
    }
}
