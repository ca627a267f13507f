//! The exported schema is the contract with the other subgraphs, and nothing else.

/// Types, fields and directives of the SDL without descriptions, one definition a line.
fn bare(sdl: &str) -> Vec<String> {
    let mut definitions: Vec<String> = Vec::new();
    let mut in_description = false;
    for line in sdl.lines().map(str::trim) {
        if line == "\"\"\"" {
            in_description = !in_description;
        } else if !in_description && !line.is_empty() {
            let starts = [
                "type ",
                "input ",
                "enum ",
                "union ",
                "scalar ",
                "directive ",
                "extend ",
            ]
            .iter()
            .any(|keyword| line.starts_with(keyword));
            match definitions.last_mut() {
                Some(last) if !starts => *last = format!("{last} {line}"),
                _ => definitions.push(line.to_owned()),
            }
        }
    }
    definitions
        .iter()
        .map(|text| text.replace("( ", "(").replace(" )", ")").replace("(\t\t", "("))
        .collect()
}

const CONTRACT: &str = r#"
type Address { country: String! @external }
type Bundle @key(fields: "id", resolvable: false) { id: ID! }
type IdempotencyConflict { idempotencyKey: String! message: String! }
type Money @shareable { minor: Int! currency: String! }
type Mutation { placeOrder(input: PlaceOrderInput!): PlaceOrderResult cancelOrder(id: ID!, version: Int!): Order }
type Order @cacheTag(format: "order-{$key.id}") @key(fields: "id") { id: ID! buyer: User status: OrderStatus! version: Int! total: Money! placedAt: Timestamp! lines: [OrderLine!]! shipTo: ShipTo @requires(fields: "buyer { address { country } }") }
type OrderConnection { edges: [OrderEdge!]! nodes: [Order!]! pageInfo: PageInfo! totalCount: Int! }
type OrderEdge { cursor: String! node: Order! }
type OrderLine { product: Product @provides(fields: "sku") item: Purchasable titleAtPurchase: String! unitPrice: Money! quantity: Int! lineTotal: Money! }
input OrderLineInput { itemId: ID! quantity: Int! }
enum OrderStatus { PLACED SHIPPED DELIVERED CANCELLED }
type OutOfStock { items: [OutOfStockItem!]! }
type OutOfStockItem { itemId: ID! requested: Int! available: Int! }
type PageInfo @shareable { hasPreviousPage: Boolean! hasNextPage: Boolean! startCursor: String endCursor: String }
input PlaceOrderInput { idempotencyKey: String! lines: [OrderLineInput!]! expectedTotalMinor: Int! }
union PlaceOrderResult = Placed | OutOfStock | PriceChanged | IdempotencyConflict
type Placed { order: Order! }
type PriceChanged { expected: Money! actual: Money! }
type Product @cacheTag(format: "product-{$key.id}") @key(fields: "id") { id: ID! sku: String! @external weightGrams: Int! @external unitsSold: Int shippingFee(country: String!): Money @requires(fields: "weightGrams") }
union Purchasable = Product | Bundle
type Query { order(id: ID!): Order @cacheTag(format: "order-{$args.id}") orders(first: Int, after: String, last: Int, before: String, status: OrderStatus): OrderConnection @cacheTag(format: "orders") }
type ShipTo { country: String! zone: ShippingZone! estimatedDays: Int! }
enum ShippingZone { DOMESTIC EU WORLD }
enum Tier { STANDARD SILVER GOLD }
scalar Timestamp
type User @cacheTag(format: "user-{$key.id}") @key(fields: "id") { id: ID! tier: Tier! @external address: Address @external discountPct: Int @requires(fields: "tier") orders(first: Int, after: String, last: Int, before: String): OrderConnection }
"#;

#[test]
fn the_schema_is_the_contract() {
    let own =
        |definition: &&String| !definition.starts_with("directive ") && !definition.starts_with("extend ");
    let definitions = bare(&crate::sdl());
    let exported: Vec<&String> = definitions.iter().filter(own).collect();
    let contract: Vec<&str> = CONTRACT.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(exported, contract);
}

#[test]
fn every_type_and_field_is_described() {
    let sdl = crate::sdl();
    let mut before = "";
    let mut closed_description = false;
    for line in sdl.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let definition = ["type ", "input ", "enum ", "union ", "scalar "]
            .iter()
            .any(|word| line.starts_with(word));
        let field = line.contains(": ")
            && before != "in description"
            && !line.starts_with("url:")
            && !line.starts_with(')');
        if line == "\"\"\"" {
            closed_description = before == "in description";
            before = if closed_description { "" } else { "in description" };
            continue;
        }
        if before != "in description" {
            let link =
                line.starts_with("import:") || line.starts_with("directive ") || line.starts_with("extend ");
            assert!(
                closed_description || link || !(definition || field),
                "no description: {line}"
            );
            closed_description = false;
        }
    }
}

#[test]
fn it_is_stable() {
    assert_eq!(crate::sdl(), crate::sdl());
}
