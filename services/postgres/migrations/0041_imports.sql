-- Files that were handed in by form: tried, then imported. What a file holds lies sealed under its
-- branch's key, and goes once it is imported; the rows that were refused stay with the journal.
CREATE TABLE imports (
    import_id   uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
    branch_id   text        NOT NULL,
    mapping     text        NOT NULL,
    file_name   text        NOT NULL,
    bytes       bigint      NOT NULL,
    staff_id    text        NOT NULL,
    received_at timestamptz NOT NULL,
    state       text        NOT NULL
        CHECK (state IN ('trying', 'tried', 'importing', 'imported', 'unusable')),
    rows        bigint      NOT NULL DEFAULT 0, -- that the file has
    done        bigint      NOT NULL DEFAULT 0,
    report      text,       -- the counts, as JSON
    why         text,       -- why the file cannot be used, worded, as JSON
    ended_at    timestamptz
);
CREATE INDEX imports_latest ON imports (received_at DESC);

CREATE TABLE import_parts (
    import_id uuid  NOT NULL REFERENCES imports ON DELETE CASCADE,
    part      int   NOT NULL,
    sealed    bytea NOT NULL,
    PRIMARY KEY (import_id, part)
);

-- Refused rows, each with its cells, the reason and the remedy.
CREATE TABLE import_rows (
    import_id uuid  NOT NULL REFERENCES imports ON DELETE CASCADE,
    n         int   NOT NULL,
    sealed    bytea NOT NULL,
    PRIMARY KEY (import_id, n)
);
