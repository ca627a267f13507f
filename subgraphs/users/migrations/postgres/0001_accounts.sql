CREATE TABLE users (
    id TEXT PRIMARY KEY,
    handle TEXT NOT NULL,
    display_name TEXT NOT NULL,
    -- Lower case, so that the unique index compares addresses as people do.
    email TEXT NOT NULL,
    tier TEXT NOT NULL CHECK (tier IN ('STANDARD', 'SILVER', 'GOLD')),
    -- A PHC string: algorithm, parameters, salt and hash.
    password_hash TEXT NOT NULL,
    -- The address: all three or none.
    city TEXT,
    postal_code TEXT,
    country TEXT,
    -- Milliseconds since 1970.
    joined_at BIGINT NOT NULL,
    CHECK ((city IS NULL) = (postal_code IS NULL) AND (city IS NULL) = (country IS NULL))
);

CREATE UNIQUE INDEX users_by_handle ON users (handle);
CREATE UNIQUE INDEX users_by_email ON users (email);

-- The one key that tokens are signed with, made at the first start: 32 bytes, base64.
CREATE TABLE signing_key (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
