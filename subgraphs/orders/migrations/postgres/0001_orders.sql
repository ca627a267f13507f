-- Orders, their lines, and the replies that idempotency keys are bound to.
-- Times are milliseconds since the Unix epoch; money is in minor units (cents) and always fits a GraphQL Int.

CREATE TABLE orders (
    id               TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    buyer_id         TEXT COLLATE "C" NOT NULL,
    -- PENDING and FAILED belong to the placing of an order and are never shown.
    status           TEXT NOT NULL
        CHECK (status IN ('PENDING', 'FAILED', 'PLACED', 'SHIPPED', 'DELIVERED', 'CANCELLED')),
    version          BIGINT NOT NULL CHECK (version >= 1),
    total_minor      BIGINT NOT NULL CHECK (total_minor BETWEEN 0 AND 2147483647),
    created_at       BIGINT NOT NULL,
    placed_at        BIGINT NOT NULL,
    -- The hold in catalog's stock. Seeded orders have none.
    reservation_id   TEXT COLLATE "C" UNIQUE,
    -- 1: catalog has yet to acknowledge that the hold (or the sold stock) was given back.
    release_pending  BIGINT NOT NULL DEFAULT 0 CHECK (release_pending IN (0, 1)),
    release_attempts BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX orders_newest ON orders (placed_at, id) WHERE status NOT IN ('PENDING', 'FAILED');
CREATE INDEX orders_by_status ON orders (status, placed_at, id);
CREATE INDEX orders_by_buyer ON orders (buyer_id, placed_at, id) WHERE status NOT IN ('PENDING', 'FAILED');
CREATE INDEX orders_stale ON orders (created_at) WHERE status = 'PENDING';
CREATE INDEX orders_release ON orders (release_attempts, id) WHERE release_pending = 1;

CREATE TABLE order_lines (
    order_id         TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    position         BIGINT NOT NULL,
    item_id          TEXT COLLATE "C" NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('product', 'bundle')),
    -- Product lines carry the sku of the moment of purchase; bundles have none.
    sku              TEXT CHECK ((kind = 'product') = (sku IS NOT NULL)),
    title            TEXT NOT NULL,
    unit_price_minor BIGINT NOT NULL CHECK (unit_price_minor BETWEEN 0 AND 2147483647),
    quantity         BIGINT NOT NULL CHECK (quantity BETWEEN 1 AND 99),
    PRIMARY KEY (order_id, position)
);

CREATE INDEX order_lines_by_item ON order_lines (item_id, order_id);

-- One row per idempotency key of a buyer, from the claim on. A failed placing frees the row.
CREATE TABLE placements (
    buyer_id         TEXT COLLATE "C" NOT NULL,
    idempotency_key  TEXT COLLATE "C" NOT NULL,
    request          TEXT NOT NULL,
    order_id         TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED,
    -- NULL while the placing runs, then the reply that every later call with the key gets.
    reply            TEXT,
    PRIMARY KEY (buyer_id, idempotency_key)
);
