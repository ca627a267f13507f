//! The contract of both ports, kept by every engine: each case runs on SQLite and on PostgreSQL.

mod events;
mod reading;
mod stock;
mod stock_races;

use kit::page::{Cursor, PageArgs};
use tempfile::TempDir;

use super::{CatalogRepository, SqlRepository};
use crate::model::{Product, ProductFilter, ProductOrder, Slice, SortKey};
use crate::seed::{Assortment, assortment};

/// A repository on an engine, with the folder it may live in.
pub(crate) struct Bench {
    pub(crate) engine: &'static str,
    pub(crate) repository: SqlRepository,
    _folder: Option<TempDir>,
}

/// An empty repository on each engine that is to be had here.
pub(crate) async fn empty_benches() -> Vec<Bench> {
    let (folder, url) = kit::testing::sqlite();
    let repository = SqlRepository::connect(&url).await.unwrap();
    let mut benches = vec![Bench {
        engine: "sqlite",
        repository,
        _folder: Some(folder),
    }];
    if let Some(url) = kit::testing::postgres().await {
        let repository = SqlRepository::connect(&url).await.unwrap();
        benches.push(Bench {
            engine: "postgres",
            repository,
            _folder: None,
        });
    }
    benches
}

/// The same, filled.
pub(crate) async fn benches(assortment: &Assortment) -> Vec<Bench> {
    let benches = empty_benches().await;
    for bench in &benches {
        assert!(bench.repository.seed(assortment).await.unwrap());
    }
    benches
}

/// The assortment of 50 users: 200 products, 10 bundles.
fn shop() -> Assortment {
    assortment(50)
}

/// Everything that a list of that filter and order should hold, computed without a database.
fn expected(products: &[Product], filter: impl Fn(&Product) -> bool, order: ProductOrder) -> Vec<String> {
    let mut products: Vec<&Product> = products.iter().filter(|product| filter(product)).collect();
    match order {
        ProductOrder::Name => products.sort_by_key(|p| (p.name.to_lowercase(), p.id.clone())),
        ProductOrder::Price => products.sort_by_key(|p| (p.price_minor, p.id.clone())),
        ProductOrder::Newest => products.sort_by_key(|p| std::cmp::Reverse((p.created_at, p.id.clone()))),
    }
    products.into_iter().map(|product| product.id.clone()).collect()
}

fn forward(first: i32, after: Option<&SortKey>) -> Slice {
    slice(PageArgs {
        first: Some(first),
        after: after.map(cursor),
        ..PageArgs::default()
    })
}

fn backward(last: i32, before: Option<&SortKey>) -> Slice {
    slice(PageArgs {
        last: Some(last),
        before: before.map(cursor),
        ..PageArgs::default()
    })
}

fn cursor(key: &SortKey) -> String {
    Cursor::new(&(&key.value, &key.id)).into()
}

fn slice(args: PageArgs) -> Slice {
    let read = |cursor: &Cursor, argument| {
        let (value, id) = cursor.key(argument)?;
        Ok(SortKey { value, id })
    };
    Slice::new(args.validate().unwrap(), read).unwrap()
}

async fn product(bench: &Bench, id: &str) -> Product {
    let mut found = bench.repository.products_by_id(&[id.to_owned()]).await.unwrap();
    assert_eq!(found.len(), 1, "{id} on {}", bench.engine);
    found.remove(0)
}

async fn available(bench: &Bench, id: &str) -> i64 {
    product(bench, id).await.available
}

fn any() -> ProductFilter {
    ProductFilter::default()
}
