//! Relay pages over keysets: argument rules, opaque cursors, cutting a page out of `limit + 1` rows. No SQL.

use async_graphql::SimpleObject;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ErrorCode;

/// The page size when neither `first` nor `last` is given.
pub const DEFAULT_LIMIT: u32 = 20;
/// The largest page.
pub const MAX_LIMIT: u32 = 100;
/// Written into each cursor; another number is not ours to read.
const CURSOR_VERSION: u8 = 1;
/// A cursor longer than this was not made here.
const MAX_CURSOR_LENGTH: usize = 1024;

/// The four Relay arguments as they came in.
#[derive(Debug, Clone, Default)]
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

/// Checked page arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// 1..=100.
    pub limit: u32,
    pub direction: Direction,
    /// Only items after this one, exclusive.
    pub after: Option<Cursor>,
    /// Only items before this one, exclusive.
    pub before: Option<Cursor>,
}

/// From which end of the list the page is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `first`: the rows are read in list order.
    Forward,
    /// `last`: the rows are read in reverse list order.
    Backward,
}

/// An opaque position in a list: a versioned JSON array of sort-key parts, base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// Why page arguments are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("`first` and `last` exclude each other; give one of them")]
    FirstAndLast,
    #[error("`{argument}` must be between 1 and {MAX_LIMIT}, not {given}")]
    OutOfRange { argument: &'static str, given: i32 },
    #[error("`{argument}` is no cursor of this list; pass one that the list gave, unchanged")]
    InvalidCursor { argument: &'static str },
}

/// A page in list order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub has_previous: bool,
    pub has_next: bool,
}

/// Where a page lies in its list.
#[derive(Debug, Clone, Default, SimpleObject)]
#[graphql(shareable)]
pub struct PageInfo {
    /// Whether items exist before the page's first one.
    pub has_previous_page: bool,
    /// Whether items exist after the page's last one.
    pub has_next_page: bool,
    /// The cursor of the page's first item; null when the page is empty.
    pub start_cursor: Option<String>,
    /// The cursor of the page's last item; null when the page is empty.
    pub end_cursor: Option<String>,
}

impl PageArgs {
    /// Applies the rules: `first` and `last` within 1..=100 and not both, 20 items by default, cursors well-formed.
    pub fn validate(self) -> Result<PageRequest, PageError> {
        let (limit, direction) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(PageError::FirstAndLast),
            (Some(first), None) => (checked_limit("first", first)?, Direction::Forward),
            (None, Some(last)) => (checked_limit("last", last)?, Direction::Backward),
            (None, None) => (DEFAULT_LIMIT, Direction::Forward),
        };
        let after = self.after.map(|text| Cursor::parse("after", text)).transpose()?;
        let before = self
            .before
            .map(|text| Cursor::parse("before", text))
            .transpose()?;
        Ok(PageRequest {
            limit,
            direction,
            after,
            before,
        })
    }
}

impl PageRequest {
    /// The SQL LIMIT: one row more than the page, which tells whether there is a further page.
    pub fn fetch_limit(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    pub fn is_backward(&self) -> bool {
        self.direction == Direction::Backward
    }
}

impl Cursor {
    /// Makes a cursor of a list's sort key, usually a tuple: `Cursor::new(&(price, &id))`. The last part must make
    /// the key unique.
    pub fn new(key: &impl Serialize) -> Self {
        let json =
            serde_json::to_vec(&(CURSOR_VERSION, key)).expect("a tuple of strings and numbers serialises");
        Self(URL_SAFE_NO_PAD.encode(json))
    }

    /// The key parts back, as the type they were made of. A cursor of another list or order has other parts and is
    /// an error, named after the argument it came in (`after` or `before`).
    pub fn key<T: DeserializeOwned>(&self, argument: &'static str) -> Result<T, PageError> {
        self.decode().ok_or(PageError::InvalidCursor { argument })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(argument: &'static str, text: String) -> Result<Self, PageError> {
        let cursor = Self(text);
        cursor.key::<Vec<serde_json::Value>>(argument)?;
        Ok(cursor)
    }

    fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        if self.0.len() > MAX_CURSOR_LENGTH {
            return None;
        }
        let json = URL_SAFE_NO_PAD.decode(&self.0).ok()?;
        let (version, key): (u8, T) = serde_json::from_slice(&json).ok()?;
        (version == CURSOR_VERSION).then_some(key)
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.0
    }
}

impl<T> Page<T> {
    /// Cuts the page out of at most [`fetch_limit`](PageRequest::fetch_limit) rows, read in the request's direction.
    /// On the side the page was entered from, a given cursor means that there is more: its own item.
    pub fn from_rows(request: &PageRequest, mut rows: Vec<T>) -> Self {
        let limit = request.limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        match request.direction {
            Direction::Forward => Self {
                items: rows,
                has_previous: request.after.is_some(),
                has_next: more,
            },
            Direction::Backward => {
                rows.reverse();
                Self {
                    items: rows,
                    has_previous: more,
                    has_next: request.before.is_some(),
                }
            }
        }
    }

    /// The GraphQL page info; `cursor` gives an item's cursor.
    pub fn info(&self, cursor: impl Fn(&T) -> Cursor) -> PageInfo {
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: self.items.first().map(&cursor).map(String::from),
            end_cursor: self.items.last().map(&cursor).map(String::from),
        }
    }
}

impl ErrorCode for PageError {
    fn code(&self) -> &'static str {
        match self {
            PageError::InvalidCursor { .. } => "INVALID_CURSOR",
            PageError::FirstAndLast | PageError::OutOfRange { .. } => "BAD_USER_INPUT",
        }
    }

    fn field(&self) -> Option<&str> {
        match self {
            PageError::FirstAndLast => Some("first"),
            PageError::OutOfRange { argument, .. } | PageError::InvalidCursor { argument } => Some(argument),
        }
    }
}

fn checked_limit(argument: &'static str, given: i32) -> Result<u32, PageError> {
    u32::try_from(given)
        .ok()
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or(PageError::OutOfRange { argument, given })
}

#[cfg(test)]
mod tests;
