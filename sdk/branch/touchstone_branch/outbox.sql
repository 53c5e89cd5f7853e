-- A branch's outbox. Instants are RFC 3339 texts in UTC by the branch's own clock.

CREATE TABLE outbox (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    branch TEXT NOT NULL,
    url    TEXT NOT NULL  -- of the platform that it belongs to
) STRICT;

-- What is known of each device's numbers. `sent` is written before anything of it is sent, so that
-- the platform never knows of a higher number, unless this outbox is older than what was sent.
CREATE TABLE sources (
    source    TEXT PRIMARY KEY,
    epoch     INTEGER NOT NULL DEFAULT 1,
    next      INTEGER NOT NULL DEFAULT 1,
    sent      INTEGER NOT NULL DEFAULT 0,
    covered   INTEGER NOT NULL DEFAULT 0,  -- events that left, covered by a receipt
    receipt   TEXT,                        -- the last one
    problem   TEXT                         -- that somebody should know of
) STRICT;

CREATE TABLE events (
    n         INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they were published
    event_id  TEXT NOT NULL UNIQUE,
    source    TEXT NOT NULL REFERENCES sources,
    epoch     INTEGER NOT NULL,
    sequence  INTEGER NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('waiting', 'answered', 'refused', 'discarded')),
    event     TEXT NOT NULL,      -- a CloudEvent as JSON, without number and instants of sending
    created   TEXT NOT NULL,
    published TEXT NOT NULL,
    boot      TEXT NOT NULL,      -- which start of the machine, and where its even clock stood
    ticks_ns  INTEGER NOT NULL,
    why       TEXT,               -- of a refused one: code, field, reason and remedy, as JSON
    UNIQUE (source, epoch, sequence)
) STRICT;
CREATE INDEX events_by_state ON events (state, source, epoch, sequence);

-- Ids that callers gave themselves, so that the same event is never published twice.
CREATE TABLE given_ids (
    event_id TEXT PRIMARY KEY,
    digest   BLOB NOT NULL,
    source   TEXT NOT NULL,
    epoch    INTEGER NOT NULL,
    sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How the line is, and what headquarters said last.
CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    at   TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
