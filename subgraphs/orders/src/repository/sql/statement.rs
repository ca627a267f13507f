//! A statement that grows piece by piece, with its binds.
//!
//! Texts given to it are the service's own; values only ever arrive as binds. Rows are read elsewhere.

/// SQL text with `$n` placeholders and the values for them.
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) binds: Vec<Bind>,
}

/// The kinds of values that this service's tables hold.
#[derive(Clone)]
pub(super) enum Bind {
    Int(i64),
    Text(String),
}

impl From<i64> for Bind {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Bind {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Bind {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl Statement {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            binds: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends the next placeholder and keeps its value.
    pub(super) fn bind(&mut self, value: impl Into<Bind>) -> &mut Self {
        self.binds.push(value.into());
        self.text.push_str(&kit::db::placeholders(self.binds.len(), 1));
        self
    }

    /// Appends `($n, …)`. The list must not be empty.
    pub(super) fn bind_list<T: Into<Bind>>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        let first = self.binds.len() + 1;
        self.binds.extend(values.into_iter().map(Into::into));
        let list = kit::db::placeholders(first, self.binds.len() + 1 - first);
        self.text.push('(');
        self.text.push_str(&list);
        self.text.push(')');
        self
    }
}

/// Makes a query of a [`Statement`], for whichever engine the surrounding code is compiled.
macro_rules! prepared {
    ($make:expr, $statement:expr) => {{
        let mut query = $make(sqlx::AssertSqlSafe($statement.text.as_str()));
        for bind in &$statement.binds {
            query = match bind.clone() {
                $crate::repository::sql::statement::Bind::Int(value) => query.bind(value),
                $crate::repository::sql::statement::Bind::Text(value) => query.bind(value),
            };
        }
        query
    }};
}
pub(super) use prepared;
