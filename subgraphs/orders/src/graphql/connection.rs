//! Relay connections over orders: the arguments, and the page as types.

use async_graphql::{Context, Error, Object, Result, SimpleObject};
use kit::{
    error::from_coded,
    page::{Cursor, DEFAULT_LIMIT, Direction, MAX_LIMIT, Page, PageArgs, PageError, PageInfo},
};

use super::{Loaders, int, order::Order, refusal};
use crate::{
    model::{self, End, Position, Status, Window},
    service::Orders,
};

/// The four arguments of every connection, as received.
pub(super) struct PageArguments {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

impl PageArguments {
    pub(super) fn window(self) -> Result<Window, Error> {
        self.checked().map_err(from_coded)
    }

    fn checked(self) -> Result<Window, PageError> {
        let Self {
            first,
            after,
            last,
            before,
        } = self;
        let request = PageArgs {
            first,
            after,
            last,
            before,
        }
        .validate()?;
        Ok(Window {
            from: match request.direction {
                Direction::Forward => End::Newest,
                Direction::Backward => End::Oldest,
            },
            limit: request.limit,
            after: request
                .after
                .map(|cursor| position(&cursor, "after"))
                .transpose()?,
            before: request
                .before
                .map(|cursor| position(&cursor, "before"))
                .transpose()?,
        })
    }
}

/// What a page adds to the cost of a query: each of its orders costs what is selected of one.
pub(super) fn page_cost(first: Option<i32>, last: Option<i32>, of_one: usize) -> usize {
    let size = first
        .or(last)
        .and_then(|size| u32::try_from(size).ok())
        .unwrap_or(DEFAULT_LIMIT)
        .min(MAX_LIMIT);
    usize::try_from(size)
        .unwrap_or(usize::MAX)
        .saturating_mul(of_one)
        .saturating_add(1)
}

fn position(cursor: &Cursor, argument: &'static str) -> Result<Position, PageError> {
    let (placed_at, id): (i64, String) = cursor.key(argument)?;
    if id.contains('\0') {
        return Err(PageError::InvalidCursor { argument });
    }
    Ok(Position { placed_at, id })
}

fn cursor(order: &model::Order) -> Cursor {
    Cursor::new(&(order.placed_at, &order.id))
}

/// What `totalCount` counts.
pub(super) enum Total {
    InStatus(Option<Status>),
    OfBuyer(String),
}

pub(super) struct OrderConnection {
    edges: Vec<OrderEdge>,
    page_info: PageInfo,
    total: Total,
}

impl OrderConnection {
    pub(super) fn new(page: &Page<model::Order>, total: Total) -> Self {
        let edge = |order: &model::Order| OrderEdge {
            cursor: cursor(order).into(),
            node: Order::new(order.clone()),
        };
        Self {
            edges: page.items.iter().map(edge).collect(),
            page_info: page.info(cursor),
            total,
        }
    }
}

/// A page of orders, newest first.
#[Object]
impl OrderConnection {
    /// The orders of this page with their cursors.
    async fn edges(&self) -> &[OrderEdge] {
        &self.edges
    }

    /// The orders of this page.
    async fn nodes(&self) -> Vec<&Order> {
        self.edges.iter().map(|edge| &edge.node).collect()
    }

    /// Where this page lies in the whole list.
    async fn page_info(&self) -> &PageInfo {
        &self.page_info
    }

    /// How many orders the whole list has.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        let count = match &self.total {
            Total::InStatus(status) => context
                .data_unchecked::<Orders>()
                .count(*status)
                .await
                .map_err(refusal)?,
            Total::OfBuyer(buyer_id) => Loaders::of(context).count(buyer_id).await?,
        };
        int(count, "totalCount")
    }
}

/// An order in a list.
#[derive(SimpleObject)]
pub(super) struct OrderEdge {
    /// The order's place in the list: for `after` and `before`.
    cursor: String,
    /// The order.
    node: Order,
}
