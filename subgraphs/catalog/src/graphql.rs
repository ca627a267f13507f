//! The catalog's subgraph schema. It shapes answers and turns errors into GraphQL errors; rules and storage are
//! the service's.

mod bundle;
mod connection;
mod input;
mod listing;
mod loaders;
mod product;
mod user;

use async_graphql::{Context, EmptyMutation, EmptySubscription, ID, Object, Result, Schema};
use kit::error::from_coded;
use kit::page::PageArgs;
use kit::{ServiceHealth, cache_tag};

use crate::error::CatalogError;
use crate::service::{Catalog, ProductKey, ProductListing};
use crate::tags;
use bundle::BundleObject;
use connection::ProductConnection;
use input::{ProductFilter, ProductOrder};
use listing::Listing;
use loaders::Loaders;
use product::ProductObject;
use user::UserObject;

type CatalogSchema = Schema<Query, EmptyMutation, EmptySubscription>;

/// The federation SDL of this service; the same bytes on every call.
pub fn sdl() -> String {
    kit::federation_sdl(&schema().finish())
}

/// `/graphql` and `/health/*`. Every request gets loaders of its own.
pub(crate) fn router(catalog: Catalog, health: ServiceHealth) -> axum::Router {
    let schema: CatalogSchema = schema().data(catalog.clone()).finish();
    kit::graphql_router(schema, health, None, move |request| {
        request.data(Loaders::new(&catalog))
    })
}

fn schema() -> async_graphql::SchemaBuilder<Query, EmptyMutation, EmptySubscription> {
    Schema::build(Query, EmptyMutation, EmptySubscription)
        .register_output_type::<Listing>()
        .enable_federation()
}

struct Query;

/// Everything that can be asked.
#[Object]
impl Query {
    /// Products in pages. Without `first` or `last`: the first 20.
    #[graphql(
        cache_control(max_age = 60),
        directive = cache_tag::apply(tags::PRODUCTS.to_owned())
    )]
    #[expect(
        clippy::too_many_arguments,
        reason = "one parameter for each GraphQL argument"
    )]
    async fn products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Take this many from the start, 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Only products after this cursor.")] after: Option<String>,
        #[graphql(desc = "Take this many from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only products before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which products to list; all parts that are given must match.")] filter: Option<
            ProductFilter,
        >,
        #[graphql(
            desc = "The order of the list; cursors are only good for the order they came from.",
            default_with = "ProductOrder::Newest"
        )]
        order_by: ProductOrder,
    ) -> Result<Option<ProductConnection>> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let filter = filter.unwrap_or_default().into();
        let listed = match ProductListing::new(args, filter, order_by.into()) {
            Ok(listing) => {
                let page = ctx.data::<Catalog>()?.list(&listing).await;
                page.map(|page| Some(ProductConnection::of_listing(listing, page)))
            }
            Err(error) => Err(error),
        };
        Ok(or_null(ctx, listed))
    }

    /// One product, by exactly one of its two keys; null when there is none.
    // No cache tag: either argument may be missing, and what has a tag that cannot be made is not kept. Events name the product.
    #[graphql(cache_control(max_age = 60))]
    async fn product(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product's id.")] id: Option<ID>,
        #[graphql(desc = "The product's stock keeping unit.")] sku: Option<String>,
    ) -> Result<Option<ProductObject>> {
        let loaders = ctx.data::<Loaders>()?;
        let found = match ProductKey::one_of(id.map(|id| id.0), sku) {
            Ok(ProductKey::Id(id)) => loaders.products_by_id.load(id).await,
            Ok(ProductKey::Sku(sku)) => loaders.products_by_sku.load(sku).await,
            Err(error) => Err(error),
        };
        Ok(or_null(ctx, found).map(ProductObject))
    }

    /// One bundle; null when there is none.
    #[graphql(
        cache_control(max_age = 60),
        directive = cache_tag::apply(tags::bundle("{$args.id}"))
    )]
    async fn bundle(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The bundle's id.")] id: ID,
    ) -> Result<Option<BundleObject>> {
        let found = ctx.data::<Loaders>()?.bundles_by_id.load(id.0).await;
        Ok(or_null(ctx, found).map(BundleObject))
    }

    /// The newest bundles.
    #[graphql(
        cache_control(max_age = 60),
        directive = cache_tag::apply(tags::BUNDLES.to_owned())
    )]
    async fn bundles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
    ) -> Result<Option<Vec<BundleObject>>> {
        let bundles = or_null(ctx, ctx.data::<Catalog>()?.bundles(first).await.map(Some));
        Ok(bundles.map(|bundles| bundles.into_iter().map(BundleObject::from).collect()))
    }

    /// Products and bundles whose name, or description in the case of products, contains the text. Letter case does
    /// not matter; matches in the name come first.
    #[graphql(
        cache_control(max_age = 60),
        directive = cache_tag::apply(tags::PRODUCTS.to_owned()),
        directive = cache_tag::apply(tags::BUNDLES.to_owned())
    )]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to look for, 1 to 200 characters.")] text: String,
        #[graphql(desc = "How many, 1 to 100.", default = 10)] first: i32,
    ) -> Result<Option<Vec<Listing>>> {
        let found = or_null(ctx, ctx.data::<Catalog>()?.search(&text, first).await.map(Some));
        Ok(found.map(|found| found.into_iter().map(Listing::from).collect()))
    }

    #[graphql(entity)]
    async fn find_product_by_id(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ProductObject>> {
        let found = ctx.data::<Loaders>()?.products_by_id.load(id.0).await;
        Ok(found.map_err(from_coded)?.map(ProductObject))
    }

    #[graphql(entity)]
    async fn find_product_by_sku(&self, ctx: &Context<'_>, sku: String) -> Result<Option<ProductObject>> {
        let found = ctx.data::<Loaders>()?.products_by_sku.load(sku).await;
        Ok(found.map_err(from_coded)?.map(ProductObject))
    }

    #[graphql(entity)]
    async fn find_bundle_by_id(&self, ctx: &Context<'_>, id: ID) -> Result<Option<BundleObject>> {
        let found = ctx.data::<Loaders>()?.bundles_by_id.load(id.0).await;
        Ok(found.map_err(from_coded)?.map(BundleObject))
    }

    /// Users live in another subgraph: whatever the id, there may be favourites for it.
    #[graphql(entity)]
    async fn find_user_by_id(&self, id: ID) -> UserObject {
        UserObject(id.0)
    }
}

/// What was found, or null and an error at the field's path. An `Err` from the resolver of a nullable field would
/// leave the field out of the answer (async-graphql 7.2).
fn or_null<T>(ctx: &Context<'_>, found: std::result::Result<Option<T>, CatalogError>) -> Option<T> {
    found.unwrap_or_else(|error| {
        ctx.add_error(ctx.set_error_path(from_coded(error).into_server_error(ctx.item.pos)));
        None
    })
}

/// A count for GraphQL's 32 bit Int; a shop with more rows than that reports the largest one.
fn count(rows: i64) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
