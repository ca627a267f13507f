//! The Relay connection of products, for the assortment and for a user's favourites.

use async_graphql::{Context, Object, Result, SimpleObject};
use kit::error::from_coded;
use kit::page::{Cursor, Page, PageInfo};

use super::count;
use super::loaders::Loaders;
use super::product::ProductObject;
use crate::model::{Favourite, Product};
use crate::service::{Catalog, ProductListing, favourite_cursor, product_cursor};

/// A page of products.
pub(super) struct ProductConnection {
    edges: Vec<ProductEdge>,
    page_info: PageInfo,
    total: Total,
}

/// A product in a list.
#[derive(Clone, SimpleObject)]
struct ProductEdge {
    /// The product's place in this list, for `after` and `before`.
    cursor: String,
    /// The product.
    node: ProductObject,
}

/// Where the total comes from, for those who ask: it costs a query.
enum Total {
    OfListing(ProductListing),
    OfFavourites { user_id: String },
}

impl ProductConnection {
    pub(super) fn of_listing(listing: ProductListing, page: Page<Product>) -> Self {
        let order = listing.order();
        let cursor = |product: &Product| product_cursor(order, product);
        Self::new(page, cursor, |product| product, Total::OfListing(listing))
    }

    pub(super) fn of_favourites(user_id: String, page: Page<Favourite>) -> Self {
        Self::new(
            page,
            favourite_cursor,
            |favourite| favourite.product,
            Total::OfFavourites { user_id },
        )
    }

    fn new<T>(
        page: Page<T>,
        cursor: impl Fn(&T) -> Cursor,
        product: impl Fn(T) -> Product,
        total: Total,
    ) -> Self {
        let page_info = page.info(&cursor);
        let edge = |item: T| ProductEdge {
            cursor: cursor(&item).into(),
            node: product(item).into(),
        };
        Self {
            edges: page.items.into_iter().map(edge).collect(),
            page_info,
            total,
        }
    }
}

/// A page of products.
#[Object]
impl ProductConnection {
    /// The products with their cursors.
    async fn edges(&self) -> &[ProductEdge] {
        &self.edges
    }

    /// The products alone.
    async fn nodes(&self) -> Vec<ProductObject> {
        self.edges.iter().map(|edge| edge.node.clone()).collect()
    }

    /// Where this page lies in the list.
    async fn page_info(&self) -> PageInfo {
        self.page_info.clone()
    }

    /// How many products the whole list has.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32> {
        let total = match &self.total {
            Total::OfListing(listing) => ctx.data::<Catalog>()?.count(listing).await,
            Total::OfFavourites { user_id } => {
                let counts = &ctx.data::<Loaders>()?.favourite_counts;
                counts.load(user_id.clone()).await.map(Option::unwrap_or_default)
            }
        };
        total.map(count).map_err(from_coded)
    }
}
