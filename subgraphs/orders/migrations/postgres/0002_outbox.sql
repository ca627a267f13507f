-- What is no longer true, until the gateway has been told: one JSON event a row. Ids grow and are never given twice.
CREATE TABLE outbox (
    id    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event TEXT NOT NULL
);
