//! Builds the text of one SQL statement together with its bind values, for either engine.
//! Text pushed with [`Statement::push`] must come from this folder, never from a caller.

use crate::model::SortValue;

/// SQL text with `$1`, `$2` … and what they stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) binds: Vec<Bind>,
}

#[derive(Debug, Clone)]
pub(super) enum Bind {
    Text(String),
    Int(i64),
}

impl Statement {
    pub(super) fn new(sql: &'static str) -> Self {
        Self {
            sql: sql.to_owned(),
            binds: Vec::new(),
        }
    }

    pub(super) fn push(mut self, sql: &str) -> Self {
        self.sql.push_str(sql);
        self
    }

    /// Appends the next placeholder.
    pub(super) fn bind(mut self, value: impl Into<Bind>) -> Self {
        self.binds.push(value.into());
        let number = self.binds.len();
        self.sql.push_str(&kit::db::placeholders(number, 1));
        self
    }

    /// Appends `($1, $2, …)`. `values` must not be empty.
    pub(super) fn list<B: Into<Bind>>(mut self, values: impl IntoIterator<Item = B>) -> Self {
        let first = self.binds.len() + 1;
        self.binds.extend(values.into_iter().map(Into::into));
        let placeholders = kit::db::placeholders(first, self.binds.len() + 1 - first);
        self.sql.push('(');
        self.sql.push_str(&placeholders);
        self.sql.push(')');
        self
    }

    /// Appends `(…), (…)` for an INSERT of many rows.
    pub(super) fn rows<const N: usize>(mut self, rows: impl IntoIterator<Item = [Bind; N]>) -> Self {
        for (index, row) in rows.into_iter().enumerate() {
            if index > 0 {
                self.sql.push_str(", ");
            }
            self = self.list(row);
        }
        self
    }
}

impl From<&str> for Bind {
    fn from(value: &str) -> Self {
        Bind::Text(value.to_owned())
    }
}

impl From<&String> for Bind {
    fn from(value: &String) -> Self {
        Bind::Text(value.clone())
    }
}

impl From<String> for Bind {
    fn from(value: String) -> Self {
        Bind::Text(value)
    }
}

impl From<i64> for Bind {
    fn from(value: i64) -> Self {
        Bind::Int(value)
    }
}

impl From<&SortValue> for Bind {
    fn from(value: &SortValue) -> Self {
        match value {
            SortValue::Text(text) => text.into(),
            SortValue::Int(number) => (*number).into(),
        }
    }
}

/// A row count for LIMIT.
pub(super) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A LIKE pattern (with `ESCAPE '\'`) that finds `text` itself anywhere.
pub(super) fn contains(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_number_on_across_parts() {
        let statement = Statement::new("SELECT 1 WHERE a = ")
            .bind("x")
            .push(" AND b IN ")
            .list([1i64, 2]);
        assert_eq!(statement.sql, "SELECT 1 WHERE a = $1 AND b IN ($2, $3)");
        assert_eq!(statement.binds.len(), 3);
    }

    #[test]
    fn wildcards_in_searched_text_mean_themselves() {
        assert_eq!(contains(r"50%_\"), r"%50\%\_\\%");
    }
}
