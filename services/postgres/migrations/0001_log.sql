-- The event log, its admissions and what the gateway and the vault keep.

CREATE TABLE generations (
    generation smallint PRIMARY KEY,
    opened_at timestamptz NOT NULL DEFAULT now(),
    log text NOT NULL  -- which log keeps it: embedded or kafka
);
INSERT INTO generations (generation, log) VALUES (1, 'embedded');

-- Locked by every appender, which makes positions gapless and recorded_at non-decreasing.
CREATE TABLE log_heads (
    generation smallint NOT NULL REFERENCES generations,
    partition smallint NOT NULL CHECK (partition BETWEEN 0 AND 12),
    next_n bigint NOT NULL DEFAULT 0,
    recorded_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (generation, partition)
) WITH (fillfactor = 50);  -- updated by every append: room for HOT updates
INSERT INTO log_heads (generation, partition) SELECT 1, generate_series(0, 12);

-- Who was let in: an event id once, and a source's sequence number once.
CREATE TABLE admissions (
    event_id uuid PRIMARY KEY,
    source text NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    digest bytea NOT NULL,
    UNIQUE (source, epoch, sequence)
);

CREATE TABLE events (
    generation smallint NOT NULL,
    partition smallint NOT NULL,
    n bigint NOT NULL,
    event_id uuid NOT NULL UNIQUE,
    customer_id text,  -- the subject; null: the touchpoint belongs to its branch alone
    source text NOT NULL,
    type text NOT NULL,
    branch_id text NOT NULL,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    collected_at timestamptz,
    effective_at timestamptz NOT NULL,
    correlation_id text,
    causation_id text,
    traceparent text,
    recorded_at timestamptz NOT NULL,
    data bytea NOT NULL,  -- Avro single-object encoding, personal fields sealed
    PRIMARY KEY (generation, partition, n)
);
CREATE INDEX events_dossier ON events (customer_id, generation, partition, n)
    WHERE customer_id IS NOT NULL;
CREATE INDEX events_recorded_at ON events USING brin (recorded_at);

-- Facts are immutable for everybody, their owner included. ALWAYS: also while replicating.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % keeps facts: they are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Append a correcting event instead.';
END $$;
CREATE TRIGGER facts_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE events ENABLE ALWAYS TRIGGER facts_are_immutable;
CREATE TRIGGER facts_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON admissions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE admissions ENABLE ALWAYS TRIGGER facts_are_immutable;

-- A destroyed key leaves its row, so that nobody makes the subject a second key.
CREATE TABLE subject_keys (
    subject text PRIMARY KEY,
    wrapped_key bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);

CREATE TABLE branch_keys (
    key_id uuid PRIMARY KEY,
    branch_id text NOT NULL,
    label text NOT NULL,
    headquarters boolean NOT NULL DEFAULT false,  -- may publish policies and reference data
    hash bytea NOT NULL UNIQUE,  -- SHA-256 of a random token of 256 bits
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- Events that were not accepted, for an operator to look into. The event itself may hold
-- personal data, so it lies sealed under its branch's key.
CREATE TABLE quarantine (
    quarantine_id uuid PRIMARY KEY,  -- made from the refused content: a retry adds to `times`
    received_at timestamptz NOT NULL,
    last_received_at timestamptz NOT NULL,
    times int NOT NULL,
    branch_id text NOT NULL,
    event_id uuid NOT NULL,
    type text,
    code text NOT NULL,
    field text NOT NULL,
    reason text NOT NULL,
    remedy text NOT NULL,
    sealed bytea NOT NULL
);
CREATE INDEX quarantine_last_received_at ON quarantine (last_received_at, quarantine_id);
CREATE INDEX quarantine_event_id ON quarantine (event_id);
