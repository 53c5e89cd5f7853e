-- Orders that left the outbox and that headquarters' words, fetched before, do not count yet.
CREATE TABLE ordered (
    event_id TEXT PRIMARY KEY,
    customer TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor    INTEGER NOT NULL,
    known_at TEXT NOT NULL  -- by the platform's clock: when it signed that it has the order
) STRICT, WITHOUT ROWID;
