//! The graph of the tests.

use std::sync::{Arc, LazyLock};

use causeway_composition::{SubgraphInput, compose};
use causeway_model::Supergraph;

const CATALOG: &str = r#"
extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable", "@cacheTag"])

enum CacheControlScope { PUBLIC PRIVATE }
directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION

type Query {
  product(id: ID!): Product
  products(first: Int): [Product!]
  byIds(ids: [ID!], by: By): [Product]
  listings: [Listing]
  search(text: String): [Hit]
  media: [Media]
  me: User
  note: String
  echo(float: Float, any: Any): String
  tagged(first: Int): [Product] @cacheTag(format: "tagged-{$args.first}")
  hinted: Hinted
  nobodys: Secret
  things: [Thing]
}
type Mutation { rename(id: ID!, input: Rename): Product touch: String }
input Rename { id: ID name: String }
enum By { NAME PRICE }
scalar Any

interface Listing { id: ID! name: String price(currency: String): Money }
type Product implements Listing @key(fields: "id") @key(fields: "sku") {
  id: ID! sku: String name: String price(currency: String): Money weightGrams: Int
  tags: [String] maker: Maker related: [Product] parts: [[Part]] reads: Int whoAsks: String
}
type Bundle implements Listing @key(fields: "id") { id: ID! name: String price(currency: String): Money items: [Product] }
union Hit = Product | Bundle
type Maker @key(fields: "id") @cacheTag(format: "maker-{$key.id}") { id: ID! name: String country: String }
type Money @shareable { minor: Int currency: String }
type Part { name: String size: Size }
type Size { width: Int height: Int }
type User @key(fields: "id") { id: ID! name: String friends: [User] }

interface Media @key(fields: "id") { id: ID! title: String }
type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int }
type Film implements Media @key(fields: "id") { id: ID! title: String minutes: Int }

type Thing @key(fields: "id") {
  id: ID! open(n: Int): String mine(n: Int): String seen(n: Int): String inner: ThingInner others: [Thing]
}
type ThingInner { open(n: Int): String mine(n: Int): String seen(n: Int): String }

type Hinted @key(fields: "id") @cacheControl(maxAge: 60, scope: PUBLIC) {
  id: ID! name: String stock: Int @cacheControl(maxAge: 5) mine: String @cacheControl(scope: PRIVATE) inner: Inner
}
type Inner @cacheControl(maxAge: 20) { value: Int now: Int @cacheControl(maxAge: 0) }
type Secret @cacheControl(scope: PRIVATE, maxAge: 60) { value: String }
"#;

/// Says something about what the catalog has, without its types.
const REVIEWS: &str = r#"
extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@interfaceObject"])
type Query { stars: Int }
type Media @key(fields: "id") @interfaceObject { id: ID! score: Int }
type Product @key(fields: "id") { id: ID! stars: Int }
"#;

pub(crate) fn supergraph() -> Arc<Supergraph> {
    static COMPOSED: LazyLock<Arc<Supergraph>> = LazyLock::new(|| {
        let input = |name: &str, sdl: &str| SubgraphInput {
            name: name.to_owned(),
            url: None,
            sdl: sdl.to_owned(),
            source: format!("{name}.graphql"),
        };
        let inputs = [input("catalog", CATALOG), input("reviews", REVIEWS)];
        compose(&inputs).expect("the tests' graph composes").supergraph
    });
    Arc::clone(&COMPOSED)
}
