//! An order, its lines and where it is sent.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, MaybeUndefined, Object, Result, SimpleObject, Union};
use kit::{Money, Timestamp, cache_tag};

use super::{
    Loaders, int, or_null,
    product::Product,
    representation::{self, Given},
    user::User,
};
use crate::{
    model::{self, Kind},
    tags, terms,
};

/// The life of an order.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "model::Status")]
pub(super) enum OrderStatus {
    /// Bought; it may still be cancelled.
    Placed,
    /// On its way.
    Shipped,
    /// At the buyer's.
    Delivered,
    /// Cancelled by the buyer; the stock was given back.
    Cancelled,
}

/// How far an order travels from the warehouse in Germany.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "terms::Zone")]
pub(super) enum ShippingZone {
    /// Within Germany.
    Domestic,
    /// To another country of the European Union.
    Eu,
    /// To anywhere else.
    World,
}

/// Where an order is sent.
#[derive(SimpleObject)]
pub(super) struct ShipTo {
    /// ISO 3166-1 alpha-2, upper case.
    country: String,
    /// How far that is.
    zone: ShippingZone,
    /// Days from the warehouse to the door.
    estimated_days: i32,
}

/// A purchase.
#[derive(Clone)]
pub(super) struct Order {
    order: model::Order,
    /// The buyer as the representation describes it.
    buyer: Given,
}

impl Order {
    pub(super) fn new(order: model::Order) -> Self {
        Self {
            order,
            buyer: MaybeUndefined::Undefined,
        }
    }

    pub(super) fn with_buyer(self, buyer: Given) -> Self {
        Self { buyer, ..self }
    }
}

/// A purchase. Prices and titles in it are those of the moment of purchase.
#[Object(
    cache_control(max_age = 60, private),
    directive = cache_tag::apply(tags::order("{$key.id}"))
)]
impl Order {
    /// The order's id.
    async fn id(&self) -> ID {
        ID(self.order.id.clone())
    }

    /// Who bought it; null when the account is gone.
    async fn buyer(&self) -> Option<User> {
        Some(User::reference(&self.order.buyer_id))
    }

    /// How far the order has come.
    async fn status(&self) -> OrderStatus {
        self.order.status.into()
    }

    /// Grows with every change, from 1 on. `cancelOrder` wants the one you have seen.
    async fn version(&self) -> Result<i32> {
        int(self.order.version, "Order.version")
    }

    /// Sum of the lines.
    async fn total(&self) -> Money {
        Money(self.order.total_minor)
    }

    /// When it was bought.
    async fn placed_at(&self) -> Timestamp {
        Timestamp(self.order.placed_at)
    }

    /// What was bought.
    async fn lines(&self, context: &Context<'_>) -> Result<Vec<OrderLine>> {
        let lines = Loaders::of(context).lines(&self.order.id).await?;
        Ok((0..lines.len())
            .map(|at| OrderLine {
                lines: Arc::clone(&lines),
                at,
            })
            .collect())
    }

    /// Where it is sent: the buyer's country. Null when the buyer has no address.
    #[graphql(requires = "buyer { address { country } }")]
    async fn ship_to(&self, context: &Context<'_>) -> Option<ShipTo> {
        let country = or_null(context, representation::buyer_country(&self.buyer))?;
        let zone = country.zone();
        Some(ShipTo {
            country: country.as_str().to_owned(),
            zone: zone.into(),
            estimated_days: zone.estimated_days(),
        })
    }
}

/// A line of an order, in the loader's own list.
pub(super) struct OrderLine {
    lines: Arc<Vec<model::Line>>,
    at: usize,
}

impl OrderLine {
    fn line(&self) -> &model::Line {
        &self.lines[self.at]
    }
}

/// One item of an order, as bought.
#[Object]
impl OrderLine {
    /// The product; null when the line sells a bundle.
    #[graphql(provides = "sku")]
    async fn product(&self) -> Option<Product> {
        product_of(self.line())
    }

    /// The product or bundle.
    async fn item(&self) -> Option<Purchasable> {
        let line = self.line();
        Some(match product_of(line) {
            Some(product) => Purchasable::Product(product),
            None => Purchasable::Bundle(Bundle {
                id: ID(line.item_id.clone()),
            }),
        })
    }

    /// The item's name at the moment of purchase.
    async fn title_at_purchase(&self) -> &str {
        &self.line().title
    }

    /// The price of one piece at the moment of purchase.
    async fn unit_price(&self) -> Money {
        Money(self.line().unit_price_minor)
    }

    /// How many pieces: 1 to 99.
    async fn quantity(&self) -> Result<i32> {
        int(self.line().quantity, "OrderLine.quantity")
    }

    /// Unit price times quantity.
    async fn line_total(&self) -> Money {
        Money(self.line().total_minor())
    }
}

fn product_of(line: &model::Line) -> Option<Product> {
    match line.kind {
        Kind::Product => Some(Product::of_line(line)),
        Kind::Bundle => None,
    }
}

/// What a line can sell.
#[derive(Union)]
pub(super) enum Purchasable {
    Product(Product),
    Bundle(Bundle),
}

/// Several products sold together, for less than they cost alone.
#[derive(SimpleObject)]
#[graphql(unresolvable = "id")]
pub(super) struct Bundle {
    /// The bundle's id, for example b-1.
    id: ID,
}
