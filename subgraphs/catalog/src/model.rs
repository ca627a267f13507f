//! What the catalog knows: products, bundles, the ways to list them. Plain values; no SQL, no GraphQL, no HTTP.

pub(crate) mod reservation;

use std::hash::{Hash, Hasher};

use kit::page::{Cursor, PageError, PageRequest};
use serde::{Deserialize, Serialize};

/// The currency of every price in this shop (ISO 4217).
pub(crate) const CURRENCY: &str = "EUR";

/// One article of the assortment with its stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) category: Category,
    /// Minor units of [`CURRENCY`], never negative.
    pub(crate) price_minor: i64,
    pub(crate) weight_grams: i64,
    /// Items that can still be reserved, never negative.
    pub(crate) available: i64,
    /// Counts the changes of this row, starting at 1.
    pub(crate) version: i64,
    /// Epoch milliseconds.
    pub(crate) created_at: i64,
}

/// Several products sold together for one price. Its products are asked for separately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bundle {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Minor units of [`CURRENCY`], never negative.
    pub(crate) price_minor: i64,
    /// Epoch milliseconds.
    pub(crate) created_at: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    Books,
    Kitchen,
    Outdoor,
    Electronics,
    Toys,
    Garden,
    Home,
    Sport,
}

impl Category {
    pub(crate) const ALL: [Category; 8] = [
        Category::Books,
        Category::Kitchen,
        Category::Outdoor,
        Category::Electronics,
        Category::Toys,
        Category::Garden,
        Category::Home,
        Category::Sport,
    ];

    /// The name in the database, in the seed file and in GraphQL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Category::Books => "BOOKS",
            Category::Kitchen => "KITCHEN",
            Category::Outdoor => "OUTDOOR",
            Category::Electronics => "ELECTRONICS",
            Category::Toys => "TOYS",
            Category::Garden => "GARDEN",
            Category::Home => "HOME",
            Category::Sport => "SPORT",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.name() == name)
    }
}

/// Which products to list; every part that is set must match. Checked by the service, not here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProductFilter {
    pub(crate) category: Option<Category>,
    pub(crate) min_price_minor: Option<i64>,
    pub(crate) max_price_minor: Option<i64>,
    /// Letter case does not matter; `%` and `_` mean themselves.
    pub(crate) name_contains: Option<String>,
    pub(crate) in_stock: Option<bool>,
}

/// The three orders products can be listed in. The id breaks ties, so each is a total order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ProductOrder {
    /// A to Z, letter case ignored.
    Name,
    /// Cheapest first.
    Price,
    /// Youngest first.
    Newest,
}

/// The place of one item in an ordered list: the value it is sorted by, then its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SortKey {
    pub(crate) value: SortValue,
    pub(crate) id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum SortValue {
    Text(String),
    Int(i64),
}

/// A page request with the sort keys that its cursors stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice {
    request: PageRequest,
    after: Option<SortKey>,
    before: Option<SortKey>,
}

impl Slice {
    /// `read` gives the key of a cursor; it is also told the argument that the cursor came in.
    pub(crate) fn new(
        request: PageRequest,
        read: impl Fn(&Cursor, &'static str) -> Result<SortKey, PageError>,
    ) -> Result<Self, PageError> {
        let after = request
            .after
            .as_ref()
            .map(|cursor| read(cursor, "after"))
            .transpose()?;
        let before = request
            .before
            .as_ref()
            .map(|cursor| read(cursor, "before"))
            .transpose()?;
        Ok(Self {
            request,
            after,
            before,
        })
    }

    pub(crate) fn request(&self) -> &PageRequest {
        &self.request
    }

    /// Only items after this place, exclusive.
    pub(crate) fn after(&self) -> Option<&SortKey> {
        self.after.as_ref()
    }

    /// Only items before this place, exclusive.
    pub(crate) fn before(&self) -> Option<&SortKey> {
        self.before.as_ref()
    }
}

impl Hash for Slice {
    /// Equal slices hash alike; the parts left out hardly ever tell two slices of one request apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.request.limit, &self.after, &self.before).hash(state);
    }
}

/// A product that a user marked as a favourite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Favourite {
    pub(crate) product: Product,
    /// Epoch milliseconds.
    pub(crate) added_at: i64,
}

/// Folds text the way the database's `*_folded` columns are folded, so that letter case does not matter.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// One hit of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Product(Product),
    Bundle(Bundle),
}

impl Found {
    pub(crate) fn id(&self) -> &str {
        match self {
            Found::Product(product) => &product.id,
            Found::Bundle(bundle) => &bundle.id,
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Found::Product(product) => &product.name,
            Found::Bundle(bundle) => &bundle.name,
        }
    }
}
