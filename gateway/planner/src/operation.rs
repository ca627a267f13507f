//! The client's operation, made ready for planning: named fragments replaced by what they select,
//! conditions turned into bit masks, response keys interned.

use std::{cell::RefCell, rc::Rc};

use apollo_compiler::{
    ExecutableDocument, Name, Node,
    ast::{Argument, DirectiveList, OperationType, Value},
    collections::HashMap,
    executable::{self, Operation, VariableDefinition},
    name,
};
use causeway_model::{
    Conjunction, Deferral, KeyId,
    guard::{CONDITION_LIMIT, DEFERRAL_LIMIT},
    plan::TYPENAME,
};

use crate::PlanError;

pub(crate) struct NormalizedOperation {
    pub(crate) operation_type: OperationType,
    pub(crate) root_type: Name,
    pub(crate) selection: Selections,
    pub(crate) variables: Vec<Node<VariableDefinition>>,
    pub(crate) conditions: Vec<Name>,
    pub(crate) deferred: Vec<Deferral>,
    pub(crate) keys: Keys,
}

/// Shared, since one fragment may be spread in many places.
pub(crate) type Selections = Rc<[Selection]>;

#[derive(Clone)]
pub(crate) enum Selection {
    Field(Rc<SelectedField>),
    Fragment {
        on: Name,
        guard: Conjunction,
        selection: Selections,
    },
}

pub(crate) struct SelectedField {
    pub(crate) response_key: Name,
    /// The name under which the value is kept in the data tree.
    pub(crate) key: KeyId,
    pub(crate) name: Name,
    pub(crate) arguments: Vec<Node<Argument>>,
    pub(crate) guard: Conjunction,
    /// `None` for a leaf.
    pub(crate) selection: Option<Selections>,
}

/// Interns the data tree's names.
pub(crate) struct Keys {
    inner: RefCell<KeysInner>,
}

struct KeysInner {
    names: Vec<String>,
    ids: HashMap<String, KeyId>,
}

impl Keys {
    fn new() -> Self {
        let keys = Self {
            inner: RefCell::new(KeysInner {
                names: Vec::new(),
                ids: HashMap::default(),
            }),
        };
        let first = keys.intern("__typename");
        debug_assert_eq!(first, TYPENAME);
        keys
    }

    pub(crate) fn intern(&self, name: &str) -> KeyId {
        let mut inner = self.inner.borrow_mut();
        if let Some(id) = inner.ids.get(name) {
            return *id;
        }
        let id = KeyId(u32::try_from(inner.names.len()).expect("an operation is shorter than 4 GiB"));
        inner.names.push(name.to_owned());
        inner.ids.insert(name.to_owned(), id);
        id
    }

    pub(crate) fn name(&self, id: KeyId) -> String {
        self.inner.borrow().names[id.0 as usize].clone()
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.inner.borrow().names.clone()
    }
}

pub(crate) fn normalize(
    document: &ExecutableDocument,
    operation: &Operation,
) -> Result<NormalizedOperation, PlanError> {
    let mut normalizer = Normalizer {
        document,
        keys: Keys::new(),
        conditions: Vec::new(),
        deferred: Vec::new(),
        fragments: HashMap::default(),
    };
    let selection = normalizer.selections(&operation.selection_set);
    if normalizer.conditions.len() > CONDITION_LIMIT {
        return Err(PlanError::TooManyConditions {
            count: normalizer.conditions.len(),
            limit: CONDITION_LIMIT,
        });
    }
    Ok(NormalizedOperation {
        operation_type: operation.operation_type,
        root_type: operation.selection_set.ty.clone(),
        selection,
        variables: operation.variables.clone(),
        conditions: normalizer.conditions,
        deferred: normalizer.deferred,
        keys: normalizer.keys,
    })
}

struct Normalizer<'a> {
    document: &'a ExecutableDocument,
    keys: Keys,
    conditions: Vec<Name>,
    deferred: Vec<Deferral>,
    fragments: HashMap<Name, Selections>,
}

impl Normalizer<'_> {
    fn selections(&mut self, set: &executable::SelectionSet) -> Selections {
        let mut items = Vec::with_capacity(set.selections.len());
        for selection in &set.selections {
            match selection {
                executable::Selection::Field(field) => items.extend(self.field(field)),
                executable::Selection::InlineFragment(fragment) => {
                    if let Some(guard) = self.guard(&fragment.directives) {
                        let guard = guard.and(self.deferral(&fragment.directives));
                        items.push(Selection::Fragment {
                            on: fragment.selection_set.ty.clone(),
                            guard,
                            selection: self.selections(&fragment.selection_set),
                        });
                    }
                }
                executable::Selection::FragmentSpread(spread) => {
                    let Some(guard) = self.guard(&spread.directives) else {
                        continue;
                    };
                    let Some(fragment) = self.document.fragments.get(&spread.fragment_name) else {
                        continue;
                    };
                    let guard = guard.and(self.deferral(&spread.directives));
                    items.push(Selection::Fragment {
                        on: fragment.selection_set.ty.clone(),
                        guard,
                        selection: self.fragment(&spread.fragment_name, &fragment.selection_set),
                    });
                }
            }
        }
        items.into()
    }

    /// A fragment is made once and shared by its spreads, so that fragments which spread each other
    /// many times over stay small. Validation has ruled out cycles.
    fn fragment(&mut self, name: &Name, set: &executable::SelectionSet) -> Selections {
        if let Some(made) = self.fragments.get(name) {
            return made.clone();
        }
        let made = self.selections(set);
        self.fragments.insert(name.clone(), made.clone());
        made
    }

    fn field(&mut self, field: &executable::Field) -> Option<Selection> {
        let guard = self.guard(&field.directives)?;
        let response_key = field.response_name().clone();
        let key = if field.name == "__typename" {
            TYPENAME
        } else if response_key == "__typename" {
            // The data tree's `__typename` always is the type's name.
            self.keys.intern("_client___typename")
        } else {
            self.keys.intern(&response_key)
        };
        let selection = field.selection_set.as_ref().map(|set| self.selections(set));
        Some(Selection::Field(Rc::new(SelectedField {
            response_key,
            key,
            name: field.name.clone(),
            arguments: field.arguments.clone(),
            guard,
            selection,
        })))
    }

    /// `None`: never part of any request.
    fn guard(&mut self, directives: &DirectiveList) -> Option<Conjunction> {
        let mut guard = Conjunction::ALWAYS;
        for (directive, wanted) in [(name!("include"), true), (name!("skip"), false)] {
            let Some(condition) = directives
                .get(&directive)
                .and_then(|found| found.specified_argument_by_name("if"))
            else {
                continue;
            };
            match &**condition {
                Value::Boolean(value) if *value == wanted => {}
                Value::Boolean(_) => return None,
                Value::Variable(variable) => {
                    let bit = self.condition(variable);
                    let term = if wanted {
                        Conjunction {
                            when_true: bit,
                            when_false: 0,
                        }
                    } else {
                        Conjunction {
                            when_true: 0,
                            when_false: bit,
                        }
                    };
                    guard = guard.and(term);
                }
                _ => {}
            }
        }
        (!guard.is_never()).then_some(guard)
    }

    /// The bit of a `@defer`, where there is one. One that cannot be told apart any more is not deferred.
    fn deferral(&mut self, directives: &DirectiveList) -> Conjunction {
        let Some(defer) = directives.get("defer") else {
            return Conjunction::ALWAYS;
        };
        let argument = |name| defer.specified_argument_by_name(name).map(|value| &**value);
        let condition = match argument("if") {
            Some(Value::Boolean(false)) => return Conjunction::ALWAYS,
            Some(Value::Variable(variable)) => Some(variable.to_string()),
            _ => None,
        };
        if self.deferred.len() == DEFERRAL_LIMIT {
            return Conjunction::ALWAYS;
        }
        let label = argument("label")
            .and_then(|value| value.as_str())
            .map(str::to_owned);
        self.deferred.push(Deferral { label, condition });
        Conjunction::deferral(self.deferred.len() - 1)
    }

    fn condition(&mut self, variable: &Name) -> u64 {
        let index = self
            .conditions
            .iter()
            .position(|known| known == variable)
            .unwrap_or_else(|| {
                self.conditions.push(variable.clone());
                self.conditions.len() - 1
            });
        // Past the limit the operation is refused as a whole; any bit will do until then.
        1u64 << (index % CONDITION_LIMIT)
    }
}
