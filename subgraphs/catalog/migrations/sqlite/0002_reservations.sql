-- Stock held for orders. A row in state 'released' without items is a tombstone: it keeps a late reserve from
-- taking stock for an order that was given up already.
CREATE TABLE reservations (
    id         TEXT PRIMARY KEY,
    state      TEXT NOT NULL CHECK (state IN ('held', 'confirmed', 'released', 'expired')),
    lines      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX reservations_due ON reservations (state, expires_at);

-- What the lines of a reservation took from each product's stock.
CREATE TABLE reservation_items (
    reservation_id TEXT NOT NULL REFERENCES reservations (id) ON DELETE CASCADE,
    product_id     TEXT NOT NULL REFERENCES products (id),
    quantity       BIGINT NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (reservation_id, product_id)
);
