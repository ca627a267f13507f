//! The notation of shapes, representations and projections in tests.
//!
//! `name=key! : Type @if(variable) { … }`: all but the name may be left out. `key` is the name in the data tree,
//! `!` marks a part of an entity's key, and `...on A|B { … }` holds for some types alone.

use std::iter::Peekable;

use causeway_model::Nesting;

#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    /// Types that it holds for; empty: all.
    pub(super) only: Vec<String>,
    pub(super) name: String,
    pub(super) key: String,
    pub(super) is_key: bool,
    pub(super) ty: Option<TypeRef>,
    /// Variable, and the value that it must have.
    pub(super) guards: Vec<(String, bool)>,
    /// `None` for a leaf.
    pub(super) below: Option<Vec<Item>>,
}

#[derive(Debug, Clone)]
pub(super) struct TypeRef {
    /// Several for an abstract type.
    pub(super) names: Vec<String>,
    /// Of an enum.
    pub(super) values: Option<Vec<String>>,
    pub(super) nesting: Nesting,
}

pub(super) fn parse(text: &str) -> Vec<Item> {
    let mut parser = Parser {
        tokens: tokens(text).into_iter().peekable(),
    };
    let items = parser.items();
    assert_eq!(parser.tokens.next(), None, "left over in {text:?}");
    items
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_name = false;
    for letter in text.chars() {
        let is_name = letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
        match tokens.last_mut() {
            Some(last) if is_name && in_name => last.push(letter),
            _ if letter.is_whitespace() => {}
            _ => tokens.push(letter.to_string()),
        }
        in_name = is_name;
    }
    tokens
}

struct Parser {
    tokens: Peekable<std::vec::IntoIter<String>>,
}

impl Parser {
    fn take(&mut self, token: &str) -> bool {
        self.tokens.next_if(|next| next == token).is_some()
    }

    fn expect(&mut self, token: &str) {
        let next = self.tokens.next();
        assert_eq!(next.as_deref(), Some(token));
    }

    fn names(&mut self, between: &str) -> Vec<String> {
        let mut names = vec![self.tokens.next().unwrap()];
        while self.take(between) {
            names.push(self.tokens.next().unwrap());
        }
        names
    }

    fn items(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while self.tokens.peek().is_some_and(|next| next != "}") {
            if self.take("...on") {
                let only = self.names("|");
                let inner = self.block().expect("a fragment selects something");
                items.extend(inner.into_iter().map(|item| Item {
                    only: only.clone(),
                    ..item
                }));
            } else {
                items.push(self.item());
            }
        }
        items
    }

    fn block(&mut self) -> Option<Vec<Item>> {
        self.take("{").then(|| {
            let items = self.items();
            self.expect("}");
            items
        })
    }

    fn item(&mut self) -> Item {
        let name = self.tokens.next().unwrap();
        let key = if self.take("=") {
            self.tokens.next().unwrap()
        } else {
            name.clone()
        };
        let is_key = self.take("!");
        let ty = self.take(":").then(|| self.type_ref());
        let mut guards = Vec::new();
        while self.take("@") {
            let wanted = match self.tokens.next().unwrap().as_str() {
                "if" => true,
                "unless" => false,
                other => panic!("no guard: {other}"),
            };
            self.expect("(");
            guards.push((self.tokens.next().unwrap(), wanted));
            self.expect(")");
        }
        Item {
            only: Vec::new(),
            name,
            key,
            is_key,
            ty,
            guards,
            below: self.block(),
        }
    }

    fn type_ref(&mut self) -> TypeRef {
        let mut ty = if self.take("[") {
            let inner = self.type_ref();
            self.expect("]");
            TypeRef {
                nesting: Nesting {
                    non_null: false,
                    items: Some(Box::new(inner.nesting.clone())),
                },
                ..inner
            }
        } else {
            let names = self.names("|");
            let values = self.take("(").then(|| {
                let values = self.names("|");
                self.expect(")");
                values
            });
            TypeRef {
                names,
                values,
                nesting: Nesting {
                    non_null: false,
                    items: None,
                },
            }
        };
        ty.nesting.non_null = self.take("!");
        ty
    }
}
