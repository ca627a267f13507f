//! The catalog's rules for reading: what input is accepted, how lists are cut, how search ranks. No SQL, no GraphQL.

mod paging;
mod stock;

use std::collections::HashMap;
use std::sync::Arc;

use kit::page::{Page, PageArgs};

use crate::error::CatalogError;
use crate::model::{Bundle, Favourite, Found, Product, ProductFilter, ProductOrder, Slice, fold};
use crate::repository::CatalogRepository;

pub(crate) use paging::{favourite_cursor, product_cursor};
pub(crate) use stock::{Stock, StockRequest};

/// The largest list that is not a connection, as for pages.
const MAX_LIST: i32 = 100;
const MAX_TEXT_CHARS: usize = 200;
/// No id or SKU of this shop is longer.
const MAX_KEY_BYTES: usize = 100;

/// Reads the assortment. Cloning is shallow.
#[derive(Clone)]
pub(crate) struct Catalog {
    store: Arc<dyn CatalogRepository>,
}

/// A checked request for a page of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProductListing {
    filter: ProductFilter,
    order: ProductOrder,
    slice: Slice,
}

/// The two ways to name a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProductKey {
    Id(String),
    Sku(String),
}

impl ProductKey {
    /// Exactly one of the two must be given.
    pub(crate) fn one_of(id: Option<String>, sku: Option<String>) -> Result<Self, CatalogError> {
        match (id, sku) {
            (Some(id), None) => Ok(ProductKey::Id(id)),
            (None, Some(sku)) => Ok(ProductKey::Sku(sku)),
            (None, None) => Err(CatalogError::bad_input("id", "give either `id` or `sku`")),
            (Some(_), Some(_)) => Err(CatalogError::bad_input("sku", "give `id` or `sku`, not both")),
        }
    }
}

impl ProductListing {
    /// Checks the filter, the page arguments and that the cursors are of this order.
    pub(crate) fn new(
        args: PageArgs,
        filter: ProductFilter,
        order: ProductOrder,
    ) -> Result<Self, CatalogError> {
        let filter = checked_filter(filter)?;
        let slice = paging::product_slice(args, order)?;
        Ok(Self { filter, order, slice })
    }

    pub(crate) fn order(&self) -> ProductOrder {
        self.order
    }
}

impl Catalog {
    pub(crate) fn new(store: Arc<dyn CatalogRepository>) -> Self {
        Self { store }
    }

    /// The products among `ids` that exist, by id. One statement.
    pub(crate) async fn products_by_id(
        self,
        ids: Vec<String>,
    ) -> Result<HashMap<String, Arc<Product>>, CatalogError> {
        let found = self.store.products_by_id(&plausible(ids)).await?;
        Ok(found
            .into_iter()
            .map(|product| (product.id.clone(), Arc::new(product)))
            .collect())
    }

    /// The products among `skus` that exist, by SKU. One statement.
    pub(crate) async fn products_by_sku(
        self,
        skus: Vec<String>,
    ) -> Result<HashMap<String, Arc<Product>>, CatalogError> {
        let found = self.store.products_by_sku(&plausible(skus)).await?;
        Ok(found
            .into_iter()
            .map(|product| (product.sku.clone(), Arc::new(product)))
            .collect())
    }

    /// The bundles among `ids` that exist, by id. One statement.
    pub(crate) async fn bundles_by_id(
        self,
        ids: Vec<String>,
    ) -> Result<HashMap<String, Arc<Bundle>>, CatalogError> {
        let found = self.store.bundles_by_id(&plausible(ids)).await?;
        Ok(found
            .into_iter()
            .map(|bundle| (bundle.id.clone(), Arc::new(bundle)))
            .collect())
    }

    /// The products of each bundle, in the bundle's order. One statement.
    pub(crate) async fn bundle_items(
        self,
        bundle_ids: Vec<String>,
    ) -> Result<HashMap<String, Vec<Arc<Product>>>, CatalogError> {
        let found = self.store.bundle_items(&plausible(bundle_ids)).await?;
        let shared = |(id, items): (String, Vec<Product>)| (id, items.into_iter().map(Arc::new).collect());
        Ok(found.into_iter().map(shared).collect())
    }

    /// One statement.
    pub(crate) async fn list(&self, listing: &ProductListing) -> Result<Page<Product>, CatalogError> {
        Ok(self
            .store
            .list_products(&listing.filter, listing.order, &listing.slice)
            .await?)
    }

    /// How many products the listing's filter lets through, whatever the page. One statement.
    pub(crate) async fn count(&self, listing: &ProductListing) -> Result<i64, CatalogError> {
        Ok(self.store.count_products(&listing.filter).await?)
    }

    /// The youngest bundles, 1..=100 of them. One statement.
    pub(crate) async fn bundles(&self, first: i32) -> Result<Vec<Bundle>, CatalogError> {
        Ok(self.store.list_bundles(list_length(first)?).await?)
    }

    /// Products by name and description, bundles by name: name matches first, then by name. Two statements.
    pub(crate) async fn search(&self, text: &str, first: i32) -> Result<Vec<Found>, CatalogError> {
        let length = list_length(first)?;
        let text = fold(&checked_text("text", text)?);
        let mut found: Vec<Found> = Vec::new();
        found.extend(
            self.store
                .search_products(&text, length)
                .await?
                .into_iter()
                .map(Found::Product),
        );
        found.extend(
            self.store
                .search_bundles(&text, length)
                .await?
                .into_iter()
                .map(Found::Bundle),
        );
        found.sort_by_cached_key(|found| {
            let name = fold(found.name());
            (!name.contains(&text), name, found.id().to_owned())
        });
        found.truncate(length);
        Ok(found)
    }

    /// Checks the page arguments of a list of favourites.
    pub(crate) fn favourites_slice(args: PageArgs) -> Result<Slice, CatalogError> {
        Ok(paging::favourite_slice(args)?)
    }

    /// The same window on each user's favourites; a user without any has no entry. One statement per window.
    pub(crate) async fn favourites(
        self,
        wanted: Vec<(String, Slice)>,
    ) -> Result<HashMap<(String, Slice), Page<Favourite>>, CatalogError> {
        let mut users_by_slice: HashMap<Slice, Vec<String>> = HashMap::new();
        for (user, slice) in wanted {
            users_by_slice.entry(slice).or_default().push(user);
        }
        let mut pages = HashMap::new();
        for (slice, users) in users_by_slice {
            let found = self.store.favourites(&plausible(users), &slice).await?;
            pages.extend(
                found
                    .into_iter()
                    .map(|(user, page)| ((user, slice.clone()), page)),
            );
        }
        Ok(pages)
    }

    /// How many favourites each user has; a user without any has no entry. One statement.
    pub(crate) async fn count_favourites(
        self,
        users: Vec<String>,
    ) -> Result<HashMap<String, i64>, CatalogError> {
        Ok(self.store.count_favourites(&plausible(users)).await?)
    }
}

/// Drops keys that no row can have: they would cost a query, and PostgreSQL refuses the NUL character.
fn plausible(mut keys: Vec<String>) -> Vec<String> {
    keys.retain(|key| is_plausible(key));
    keys
}

fn is_plausible(key: &str) -> bool {
    !key.is_empty() && key.len() <= MAX_KEY_BYTES && !key.contains('\0')
}

fn list_length(first: i32) -> Result<usize, CatalogError> {
    usize::try_from(first)
        .ok()
        .filter(|_| (1..=MAX_LIST).contains(&first))
        .ok_or_else(|| {
            CatalogError::bad_input(
                "first",
                format!("`first` must be between 1 and {MAX_LIST}, not {first}"),
            )
        })
}

/// The text without surrounding space, if 1..=200 characters are left.
fn checked_text(field: &'static str, text: &str) -> Result<String, CatalogError> {
    let text = text.trim();
    let length = text.chars().take(MAX_TEXT_CHARS + 1).count();
    if length == 0 || length > MAX_TEXT_CHARS {
        let message =
            format!("`{field}` must have 1 to {MAX_TEXT_CHARS} characters besides spaces around it");
        return Err(CatalogError::bad_input(field, message));
    }
    if text.contains('\0') {
        return Err(CatalogError::bad_input(
            field,
            format!("`{field}` must not contain the NUL character"),
        ));
    }
    Ok(text.to_owned())
}

fn checked_filter(filter: ProductFilter) -> Result<ProductFilter, CatalogError> {
    for (field, price) in [
        ("minPriceMinor", filter.min_price_minor),
        ("maxPriceMinor", filter.max_price_minor),
    ] {
        if price.is_some_and(|price| price < 0) {
            return Err(CatalogError::bad_input(
                field,
                format!("`{field}` must not be negative"),
            ));
        }
    }
    if let (Some(least), Some(most)) = (filter.min_price_minor, filter.max_price_minor)
        && least > most
    {
        let message = "`minPriceMinor` must not be above `maxPriceMinor`";
        return Err(CatalogError::bad_input("minPriceMinor", message));
    }
    let name_contains = filter
        .name_contains
        .map(|text| checked_text("nameContains", &text))
        .transpose()?;
    Ok(ProductFilter {
        name_contains,
        ..filter
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_measured_in_characters() {
        assert_eq!(checked_text("text", "  pan ").unwrap(), "pan");
        assert!(checked_text("text", &"ü".repeat(200)).is_ok());
        for bad in ["", "   ", &"ü".repeat(201), "a\0b"] {
            assert!(checked_text("text", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_filter_with_impossible_prices_is_refused() {
        let filter = |least, most| ProductFilter {
            min_price_minor: least,
            max_price_minor: most,
            ..ProductFilter::default()
        };
        assert!(checked_filter(filter(Some(0), Some(0))).is_ok());
        for (least, most) in [(Some(-1), None), (None, Some(-1)), (Some(2), Some(1))] {
            assert!(checked_filter(filter(least, most)).is_err());
        }
    }

    #[test]
    fn keys_that_no_row_can_have_never_reach_the_store() {
        let keys = ["", "p-1", "p\0", &"x".repeat(101)].map(str::to_owned).to_vec();
        assert_eq!(plausible(keys), ["p-1"]);
    }
}
