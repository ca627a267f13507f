//! The demo assortment, made from the product list in `subgraphs/seed`. The same size gives the same data
//! everywhere: no clock, no randomness. It computes; loading it is the repository's work.

use std::collections::BTreeSet;

use kit::seed::Rng;

use crate::model::{Bundle, Category, Product};

/// `name,category,price_minor,weight_grams`, no header, no commas in names. The orders service reads it too.
const PRODUCT_LIST: &str = include_str!("../../seed/products.csv");
/// 2026-01-01T00:00:00Z in epoch milliseconds.
const EPOCH: i64 = 1_767_225_600_000;
const MINUTE: i64 = 60_000;
/// The demo user always has this many favourites; others have 0 to 8.
const DEMO_FAVOURITES: u64 = 6;

/// Everything the catalog is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assortment {
    pub(crate) products: Vec<Product>,
    pub(crate) bundles: Vec<SeedBundle>,
    pub(crate) favourites: Vec<SeedFavourite>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeedBundle {
    pub(crate) bundle: Bundle,
    /// Product ids in the bundle's order.
    pub(crate) items: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeedFavourite {
    pub(crate) user_id: String,
    pub(crate) product_id: String,
    /// Epoch milliseconds.
    pub(crate) added_at: i64,
}

/// The assortment for `users` users: four products a user, one bundle per five users. Empty for none.
pub(crate) fn assortment(users: u32) -> Assortment {
    if users == 0 {
        return Assortment {
            products: Vec::new(),
            bundles: Vec::new(),
            favourites: Vec::new(),
        };
    }
    let list: Vec<Listed> = PRODUCT_LIST.lines().map(Listed::parse).collect();
    let mut rng = Rng::new(0xCA7A_1060);
    let products: Vec<Product> = (0..users as usize * 4)
        .map(|index| product(&list, index, &mut rng))
        .collect();
    let bundles = (1..=(users as usize / 5).max(1))
        .map(|number| bundle(&products, number))
        .collect();
    let favourites = favourites(users, products.len(), &mut rng);
    Assortment {
        products,
        bundles,
        favourites,
    }
}

/// A line of the product list.
struct Listed {
    name: &'static str,
    category: Category,
    price_minor: i64,
    weight_grams: i64,
}

impl Listed {
    /// Panics on a malformed line: the list is part of this build, and a test reads all of it.
    fn parse(line: &'static str) -> Self {
        let mut parts = line.split(',');
        let mut next = || parts.next().expect("a product line has four parts");
        let (name, category, price, weight) = (next(), next(), next(), next());
        Listed {
            name,
            category: Category::from_name(category).expect("the product list knows the categories"),
            price_minor: price.parse().expect("a price in the product list is a number"),
            weight_grams: weight.parse().expect("a weight in the product list is a number"),
        }
    }
}

/// `index` counts from 0; ids and SKUs from 1.
fn product(list: &[Listed], index: usize, rng: &mut Rng) -> Product {
    let listed = &list[index % list.len()];
    let (number, round) = (index + 1, index / list.len() + 1);
    let name = match round {
        1 => listed.name.to_owned(),
        _ => format!("{} (Mark {round})", listed.name),
    };
    // One product in 25 is sold out.
    let stock = 50 + rng.below(450) as i64;
    Product {
        id: format!("p-{number}"),
        sku: format!("SKU-{number:05}"),
        description: describe(listed.category, &name),
        name,
        category: listed.category,
        price_minor: listed.price_minor,
        weight_grams: listed.weight_grams,
        available: if number % 25 == 19 { 0 } else { stock },
        version: 1,
        created_at: EPOCH + number as i64 * MINUTE,
    }
}

fn describe(category: Category, name: &str) -> String {
    let praise = match category {
        Category::Books => "a book to keep: thread-sewn, printed on uncoated paper",
        Category::Kitchen => "made for daily cooking, and easy to clean",
        Category::Outdoor => "light, weatherproof and repairable on the way",
        Category::Electronics => "quiet, frugal with power, with two years of spare parts",
        Category::Toys => "tested by children, safe from the age of three",
        Category::Garden => "stands a winter outdoors without rust",
        Category::Home => "natural materials from small European workshops",
        Category::Sport => "for training at home and in the club",
    };
    format!("{name}: {praise}.")
}

/// `number` counts from 1.
fn bundle(products: &[Product], number: usize) -> SeedBundle {
    let items = [0, 3, 5].map(|offset| &products[(number * 7 + offset) % products.len()]);
    let sum: i64 = items.iter().map(|product| product.price_minor).sum();
    let bundle = Bundle {
        id: format!("b-{number}"),
        name: format!("{} Bundle", items[0].name),
        price_minor: sum * 90 / 100,
        created_at: EPOCH + number as i64 * MINUTE,
    };
    SeedBundle {
        bundle,
        items: items.map(|product| product.id.clone()).to_vec(),
    }
}

fn favourites(users: u32, products: usize, rng: &mut Rng) -> Vec<SeedFavourite> {
    let mut favourites = Vec::new();
    for user in 1..=i64::from(users) {
        let count = if user == 1 { DEMO_FAVOURITES } else { rng.below(9) };
        let mut chosen: BTreeSet<u64> = (0..count).map(|_| rng.below(products as u64)).collect();
        // A product drawn twice counts once; the demo user gets the next ones instead.
        while user == 1 && chosen.len() < DEMO_FAVOURITES.min(products as u64) as usize {
            chosen.insert(rng.below(products as u64));
        }
        favourites.extend((0..).zip(chosen).map(|(place, index)| SeedFavourite {
            user_id: format!("u-{user}"),
            product_id: format!("p-{}", index + 1),
            added_at: EPOCH + (place * 60 + user) * MINUTE,
        }));
    }
    favourites
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_list_has_200_lines_of_four_parts() {
        let list: Vec<Listed> = PRODUCT_LIST.lines().map(Listed::parse).collect();
        assert_eq!(list.len(), 200);
        assert!(PRODUCT_LIST.lines().all(|line| line.split(',').count() == 4));
        assert!(
            list.iter()
                .all(|item| item.price_minor > 0 && item.weight_grams > 0)
        );
    }

    #[test]
    fn ids_names_and_prices_follow_the_shared_rule() {
        let assortment = assortment(60);
        assert_eq!((assortment.products.len(), assortment.bundles.len()), (240, 12));
        let (first, again) = (&assortment.products[0], &assortment.products[200]);
        assert_eq!((first.id.as_str(), first.sku.as_str()), ("p-1", "SKU-00001"));
        assert_eq!((again.id.as_str(), again.sku.as_str()), ("p-201", "SKU-00201"));
        assert_eq!(again.name, format!("{} (Mark 2)", first.name));
        let SeedBundle { bundle, items } = &assortment.bundles[0];
        assert_eq!(items, &["p-8", "p-11", "p-13"]);
        let sum: i64 = [7, 10, 12]
            .iter()
            .map(|index| assortment.products[*index].price_minor)
            .sum();
        assert_eq!(bundle.price_minor, sum * 90 / 100);
        assert_eq!(bundle.name, format!("{} Bundle", assortment.products[7].name));
    }

    #[test]
    fn the_smallest_shop_is_complete_and_none_is_empty() {
        let smallest = assortment(1);
        assert_eq!(
            (
                smallest.products.len(),
                smallest.bundles.len(),
                smallest.favourites.len()
            ),
            (4, 1, 4)
        );
        let distinct: BTreeSet<&String> = smallest.bundles[0].items.iter().collect();
        assert_eq!(distinct.len(), 3);
        assert!(assortment(0).products.is_empty());
        assert_eq!(assortment(50), assortment(50));
    }
}
