//! Lookups, lists, search and favourites.

use std::collections::BTreeSet;

use super::*;
use crate::model::{Bundle, Category, SortValue};
use crate::seed::{SeedBundle, SeedFavourite};

const ORDERS: [ProductOrder; 3] = [ProductOrder::Name, ProductOrder::Price, ProductOrder::Newest];

#[tokio::test]
async fn an_empty_database_is_filled_once() {
    for bench in empty_benches().await {
        let repository = &bench.repository;
        assert_eq!(repository.count_products(&any()).await.unwrap(), 0);
        let shop = shop();
        let (one, other) = tokio::join!(repository.seed(&shop), repository.seed(&shop));
        assert_ne!(
            one.unwrap(),
            other.unwrap(),
            "two starts at once on {}",
            bench.engine
        );
        assert!(!repository.seed(&assortment(1)).await.unwrap());
        assert_eq!(repository.count_products(&any()).await.unwrap(), 200);
    }
}

#[tokio::test]
async fn keys_are_looked_up_in_one_statement_and_unknown_ones_are_left_out() {
    for bench in benches(&shop()).await {
        let repository = &bench.repository;
        let before = repository.database().statements();
        let ids: Vec<String> = (101..=300).map(|n| format!("p-{n}")).collect();
        let found = repository.products_by_id(&ids).await.unwrap();
        assert_eq!(repository.database().statements() - before, 1, "{}", bench.engine);
        let found: BTreeSet<String> = found.into_iter().map(|product| product.id).collect();
        assert_eq!(found, (101..=200).map(|n| format!("p-{n}")).collect());

        let skus = ["SKU-00007", "SKU-99999", "sku-00008"].map(str::to_owned);
        let found = repository.products_by_sku(&skus).await.unwrap();
        assert_eq!(found, [product(&bench, "p-7").await]);
        assert_eq!(found[0], shop().products[6], "what was written is what is read");
        assert!(repository.products_by_id(&[]).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn pages_of_every_order_add_up_to_the_whole_list_in_both_directions() {
    let shop = shop();
    for bench in benches(&shop).await {
        for order in ORDERS {
            let whole = expected(&shop.products, |_| true, order);
            assert_eq!(
                walk_forward(&bench, order).await,
                whole,
                "{order:?} on {}",
                bench.engine
            );
            assert_eq!(
                walk_backward(&bench, order).await,
                whole,
                "{order:?} back on {}",
                bench.engine
            );
        }
    }
}

async fn walk_forward(bench: &Bench, order: ProductOrder) -> Vec<String> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let slice = forward(7, after.as_ref());
        let page = bench
            .repository
            .list_products(&any(), order, &slice)
            .await
            .unwrap();
        assert_eq!(page.has_previous, after.is_some());
        after = page.items.last().map(|product| key(order, product));
        ids.extend(page.items.into_iter().map(|product| product.id));
        if !page.has_next {
            return ids;
        }
    }
}

async fn walk_backward(bench: &Bench, order: ProductOrder) -> Vec<String> {
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let slice = backward(7, before.as_ref());
        let page = bench
            .repository
            .list_products(&any(), order, &slice)
            .await
            .unwrap();
        assert_eq!(page.has_next, before.is_some());
        before = page.items.first().map(|product| key(order, product));
        pages.push(
            page.items
                .into_iter()
                .map(|product| product.id)
                .collect::<Vec<_>>(),
        );
        if !page.has_previous {
            pages.reverse();
            return pages.concat();
        }
    }
}

fn key(order: ProductOrder, product: &Product) -> SortKey {
    let value = match order {
        ProductOrder::Name => SortValue::Text(product.name.to_lowercase()),
        ProductOrder::Price => SortValue::Int(product.price_minor),
        ProductOrder::Newest => SortValue::Int(product.created_at),
    };
    SortKey {
        value,
        id: product.id.clone(),
    }
}

#[tokio::test]
async fn a_slice_between_two_keys_holds_what_lies_strictly_between() {
    let shop = shop();
    let whole = expected(&shop.products, |_| true, ProductOrder::Price);
    let keys: Vec<SortKey> = whole
        .iter()
        .map(|id| shop.products.iter().find(|product| product.id == *id).unwrap())
        .map(|product| key(ProductOrder::Price, product))
        .collect();
    for bench in benches(&shop).await {
        let slice = slice(PageArgs {
            first: Some(100),
            after: Some(cursor(&keys[10])),
            before: Some(cursor(&keys[20])),
            last: None,
        });
        let page = bench
            .repository
            .list_products(&any(), ProductOrder::Price, &slice)
            .await
            .unwrap();
        let ids: Vec<String> = page.items.into_iter().map(|product| product.id).collect();
        assert_eq!(ids, whole[11..20], "{}", bench.engine);
    }
}

#[tokio::test]
async fn every_part_of_a_filter_must_match() {
    let shop = shop();
    type Rule = fn(&Product) -> bool;
    let cases: [(ProductFilter, Rule); 6] = [
        (
            ProductFilter {
                category: Some(Category::Toys),
                ..any()
            },
            |p| p.category == Category::Toys,
        ),
        (
            ProductFilter {
                min_price_minor: Some(4990),
                ..any()
            },
            |p| p.price_minor >= 4990,
        ),
        (
            ProductFilter {
                max_price_minor: Some(990),
                ..any()
            },
            |p| p.price_minor <= 990,
        ),
        (
            ProductFilter {
                in_stock: Some(false),
                ..any()
            },
            |p| p.available == 0,
        ),
        (
            ProductFilter {
                name_contains: Some("BICYCLE".to_owned()),
                ..any()
            },
            |p| p.name.contains("Bicycle"),
        ),
        (
            ProductFilter {
                category: Some(Category::Books),
                min_price_minor: Some(2000),
                max_price_minor: Some(3000),
                name_contains: Some("e".to_owned()),
                in_stock: Some(true),
            },
            |p| {
                p.category == Category::Books
                    && (2000..=3000).contains(&p.price_minor)
                    && p.name.to_lowercase().contains('e')
                    && p.available > 0
            },
        ),
    ];
    for bench in benches(&shop).await {
        for (filter, matches) in &cases {
            let wanted = expected(&shop.products, matches, ProductOrder::Newest);
            assert!(
                !wanted.is_empty() && wanted.len() < 200,
                "{filter:?} tells products apart"
            );
            let page = bench
                .repository
                .list_products(filter, ProductOrder::Newest, &forward(100, None))
                .await
                .unwrap();
            let ids: Vec<String> = page.items.into_iter().map(|product| product.id).collect();
            assert_eq!(
                ids,
                wanted[..wanted.len().min(100)],
                "{filter:?} on {}",
                bench.engine
            );
            let count = bench.repository.count_products(filter).await.unwrap();
            assert_eq!(count, wanted.len() as i64, "{filter:?} on {}", bench.engine);
        }
    }
}

/// Products with awkward names, ids p-0, p-1, …
fn named(names: &[(&str, &str)]) -> Assortment {
    let model = assortment(1).products.remove(0);
    let products = names
        .iter()
        .enumerate()
        .map(|(index, (name, description))| Product {
            id: format!("p-{index}"),
            sku: format!("S-{index}"),
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            ..model.clone()
        });
    let bundle = Bundle {
        id: "b-1".to_owned(),
        name: "Over 100% More".to_owned(),
        price_minor: 1,
        created_at: 1,
    };
    Assortment {
        products: products.collect(),
        bundles: vec![SeedBundle {
            bundle,
            items: vec!["p-1".to_owned(), "p-0".to_owned()],
        }],
        favourites: Vec::new(),
    }
}

#[tokio::test]
async fn search_ignores_case_takes_wildcards_literally_and_puts_names_first() {
    let shop = named(&[
        ("Wool Sock", "warm, of 100% wool"),
        ("100% Cotton_Shirt", "plain"),
        ("1000 Piece Puzzle", "a sky of \\ backslashes"),
        ("Über-Pan", "KÜCHE"),
        ("a 100% a", "plain"),
    ]);
    let cases: [(&str, &[&str], &[&str]); 7] = [
        ("100%", &["p-1", "p-4", "p-0"], &["b-1"]),
        ("n_s", &["p-1"], &[]),
        ("\\", &["p-2"], &[]),
        ("über", &["p-3"], &[]),
        ("küche", &["p-3"], &[]),
        ("more", &[], &["b-1"]),
        ("'; DROP TABLE products; --", &[], &[]),
    ];
    for bench in benches(&shop).await {
        for (text, products, bundles) in cases {
            let found = bench.repository.search_products(text, 10).await.unwrap();
            let found: Vec<String> = found.into_iter().map(|product| product.id).collect();
            assert_eq!(found, products, "{text} on {}", bench.engine);
            let found = bench.repository.search_bundles(text, 10).await.unwrap();
            let found: Vec<String> = found.into_iter().map(|bundle| bundle.id).collect();
            assert_eq!(found, bundles, "{text} on {}", bench.engine);
        }
        let limited = bench.repository.search_products("a", 2).await.unwrap();
        assert_eq!(limited.len(), 2);
        let filter = ProductFilter {
            name_contains: Some("%".to_owned()),
            ..any()
        };
        assert_eq!(
            bench.repository.count_products(&filter).await.unwrap(),
            2,
            "{}",
            bench.engine
        );
    }
}

#[tokio::test]
async fn bundles_come_with_their_items_in_order() {
    let shop = shop();
    for bench in benches(&shop).await {
        let repository = &bench.repository;
        let listed = repository.list_bundles(3).await.unwrap();
        let ids: Vec<&str> = listed.iter().map(|bundle| bundle.id.as_str()).collect();
        assert_eq!(ids, ["b-10", "b-9", "b-8"]);
        let found = repository
            .bundles_by_id(&["b-2".to_owned(), "b-99".to_owned()])
            .await
            .unwrap();
        assert_eq!(found, [shop.bundles[1].bundle.clone()]);

        let before = repository.database().statements();
        let wanted: Vec<String> = (1..=12).map(|n| format!("b-{n}")).collect();
        let items = repository.bundle_items(&wanted).await.unwrap();
        assert_eq!(repository.database().statements() - before, 1, "{}", bench.engine);
        assert_eq!(items.len(), 10);
        for SeedBundle {
            bundle,
            items: expected,
        } in &shop.bundles
        {
            let found: Vec<&String> = items[&bundle.id].iter().map(|product| &product.id).collect();
            assert_eq!(
                found,
                expected.iter().collect::<Vec<_>>(),
                "{} on {}",
                bundle.id,
                bench.engine
            );
        }
    }
}

/// A user's favourites, youngest first.
fn favourites_of<'s>(shop: &'s Assortment, user: &str) -> Vec<&'s SeedFavourite> {
    let mut of_user: Vec<_> = shop
        .favourites
        .iter()
        .filter(|favourite| favourite.user_id == user)
        .collect();
    of_user.sort_by_key(|favourite| std::cmp::Reverse((favourite.added_at, &favourite.product_id)));
    of_user
}

#[tokio::test]
async fn one_statement_cuts_the_same_window_out_of_many_users_favourites() {
    let shop = shop();
    let users: Vec<String> = (1..=60).map(|n| format!("u-{n}")).collect();
    let demo = favourites_of(&shop, "u-1");
    let middle = SortKey {
        value: SortValue::Int(demo[1].added_at),
        id: demo[1].product_id.clone(),
    };
    let comes_after = |favourite: &SeedFavourite| {
        (favourite.added_at, &favourite.product_id) < (demo[1].added_at, &demo[1].product_id)
    };
    for bench in benches(&shop).await {
        let before = bench.repository.database().statements();
        let first = bench
            .repository
            .favourites(&users, &forward(3, None))
            .await
            .unwrap();
        let last = bench
            .repository
            .favourites(&users, &backward(3, None))
            .await
            .unwrap();
        let after = bench
            .repository
            .favourites(&users, &forward(100, Some(&middle)))
            .await
            .unwrap();
        let counts = bench.repository.count_favourites(&users).await.unwrap();
        assert_eq!(
            bench.repository.database().statements() - before,
            4,
            "{}",
            bench.engine
        );
        for user in &users {
            let all: Vec<&SeedFavourite> = favourites_of(&shop, user);
            let ids: Vec<&String> = all.iter().map(|favourite| &favourite.product_id).collect();
            let read =
                |pages: &std::collections::HashMap<String, kit::page::Page<crate::model::Favourite>>| {
                    let items = pages.get(user).map_or(&[][..], |page| &page.items);
                    items
                        .iter()
                        .map(|favourite| favourite.product.id.clone())
                        .collect::<Vec<_>>()
                };
            assert_eq!(counts.get(user).copied().unwrap_or(0), ids.len() as i64);
            assert!(
                read(&first).iter().eq(ids.iter().take(3).copied()),
                "{user} on {}",
                bench.engine
            );
            assert!(
                read(&last)
                    .iter()
                    .eq(ids.iter().skip(ids.len().saturating_sub(3)).copied())
            );
            let later = all
                .iter()
                .filter(|favourite| comes_after(favourite))
                .map(|f| &f.product_id);
            assert!(read(&after).iter().eq(later), "{user} after on {}", bench.engine);
            assert_eq!(first.get(user).is_some_and(|page| page.has_next), ids.len() > 3);
        }
        assert_eq!(counts["u-1"], 6);
    }
}
