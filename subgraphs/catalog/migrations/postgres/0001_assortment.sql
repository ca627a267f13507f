-- The shop's assortment and its stock. Times are epoch milliseconds, money is minor units of EUR.
-- *_folded columns hold lower-cased text written by the service: search and NAME order are the same on every engine.
CREATE TABLE products (
    id           TEXT COLLATE "C" PRIMARY KEY,
    sku          TEXT COLLATE "C" NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    name_folded  TEXT COLLATE "C" NOT NULL,
    description  TEXT NOT NULL,
    text_folded  TEXT COLLATE "C" NOT NULL,
    category     TEXT NOT NULL,
    price_minor  BIGINT NOT NULL CHECK (price_minor >= 0),
    weight_grams BIGINT NOT NULL CHECK (weight_grams BETWEEN 0 AND 2147483647),
    available    BIGINT NOT NULL CHECK (available BETWEEN 0 AND 2147483647),
    version      BIGINT NOT NULL CHECK (version >= 1),
    created_at   BIGINT NOT NULL
);
CREATE INDEX products_by_name ON products (name_folded, id);
CREATE INDEX products_by_price ON products (price_minor, id);
CREATE INDEX products_by_age ON products (created_at, id);
CREATE INDEX products_by_category ON products (category, created_at, id);

CREATE TABLE bundles (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    price_minor BIGINT NOT NULL CHECK (price_minor >= 0),
    created_at  BIGINT NOT NULL
);
CREATE INDEX bundles_by_age ON bundles (created_at, id);

CREATE TABLE bundle_items (
    bundle_id  TEXT COLLATE "C" NOT NULL REFERENCES bundles (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL REFERENCES products (id),
    PRIMARY KEY (bundle_id, position),
    UNIQUE (bundle_id, product_id)
);

-- user_id belongs to another service: there is no table of users here, any id may have favourites.
CREATE TABLE favourites (
    user_id    TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    added_at   BIGINT NOT NULL,
    PRIMARY KEY (user_id, product_id)
);
CREATE INDEX favourites_by_age ON favourites (user_id, added_at, product_id);
