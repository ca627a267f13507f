//! What the catalog adds to the `User` type.

use async_graphql::{Context, ID, Object, Result};
use kit::cache_tag;
use kit::page::{Page, PageArgs};

use super::connection::ProductConnection;
use super::loaders::Loaders;
use super::or_null;
use crate::error::CatalogError;
use crate::model::Favourite;
use crate::service::Catalog;
use crate::tags;

/// Holds the user's id.
pub(super) struct UserObject(pub(super) String);

/// Someone with an account in the shop.
#[Object(
    name = "User",
    cache_control(max_age = 60),
    directive = cache_tag::apply(tags::user("{$key.id}"))
)]
impl UserObject {
    /// Stays the same for the account's life.
    async fn id(&self) -> ID {
        ID(self.0.clone())
    }

    /// The products this user marked, latest first. Without `first` or `last`: the first 20.
    #[graphql(cache_control(private))]
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
        let page = self.favourites_page(ctx.data::<Loaders>()?, args).await;
        let page = or_null(ctx, page.map(Some));
        Ok(page.map(|page| ProductConnection::of_favourites(self.0.clone(), page)))
    }
}

impl UserObject {
    async fn favourites_page(
        &self,
        loaders: &Loaders,
        args: PageArgs,
    ) -> std::result::Result<Page<Favourite>, CatalogError> {
        let slice = Catalog::favourites_slice(args)?;
        let page = loaders.favourites.load((self.0.clone(), slice.clone())).await?;
        Ok(page.unwrap_or_else(|| Page::from_rows(slice.request(), Vec::new())))
    }
}
