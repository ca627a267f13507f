//! What the catalog adds to the `User` type.

use async_graphql::{Context, ID, Object, Result};
use kit::error::from_coded;
use kit::page::{Page, PageArgs};

use super::connection::ProductConnection;
use super::loaders::{Loaders, load};
use crate::service::Catalog;

/// Holds the user's id.
pub(super) struct UserObject(pub(super) String);

/// A customer of the shop.
#[Object(name = "User")]
impl UserObject {
    /// The user's id.
    async fn id(&self) -> ID {
        ID(self.0.clone())
    }

    /// The products this user marked, latest first. Without `first` or `last`: the first 20.
    async fn favourites(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Take this many from the start, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only products after this cursor.")] after: Option<String>,
        #[graphql(desc = "Take this many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only products before this cursor.")] before: Option<String>,
    ) -> Result<Option<ProductConnection>> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let slice = Catalog::favourites_slice(args).map_err(from_coded)?;
        let empty = Page::from_rows(slice.request(), Vec::new());
        let page = load(&ctx.data::<Loaders>()?.favourites, (self.0.clone(), slice))
            .await
            .map_err(from_coded)?;
        Ok(Some(ProductConnection::of_favourites(
            self.0.clone(),
            page.unwrap_or(empty),
        )))
    }
}
