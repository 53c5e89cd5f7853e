-- How far each projection got, who owns a partition, and what every projection shares.

CREATE TABLE checkpoints (
    projection     text        NOT NULL,
    version        integer     NOT NULL,
    generation     smallint    NOT NULL,
    partition      smallint    NOT NULL,
    next           bigint      NOT NULL DEFAULT 0,  -- the first event not yet taken in
    epoch          bigint      NOT NULL DEFAULT 0,  -- raised whenever a worker takes the partition
    reference_next integer     NOT NULL DEFAULT 0,  -- reference events used by the latest write
    change_no      bigint      NOT NULL DEFAULT 0,  -- raised by every commit that changed a row
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, version, generation, partition)
);

-- One line per customer and projection: when it was assessed, and when it changes by itself.
CREATE TABLE projection_heads (
    projection      text        NOT NULL,
    version         integer     NOT NULL,
    customer_id     text        NOT NULL,
    partition       smallint    NOT NULL,
    assessed_at     timestamptz NOT NULL,
    next_change_at  timestamptz,
    policy_count    integer     NOT NULL,
    parked_reason   text,
    parked_event_id uuid,
    parked_at       timestamptz,
    PRIMARY KEY (projection, version, customer_id)
);
CREATE INDEX projection_heads_due
    ON projection_heads (projection, version, partition, next_change_at);
CREATE INDEX projection_heads_policy
    ON projection_heads (projection, version, partition, policy_count);
CREATE INDEX projection_heads_parked
    ON projection_heads (projection, version, partition) WHERE parked_reason IS NOT NULL;

-- Company-wide sums as deltas per partition, so that no page scans the rows.
CREATE TABLE totals (
    projection   text     NOT NULL,
    version      integer  NOT NULL,
    partition    smallint NOT NULL,
    measure      text     NOT NULL,
    currency     text     NOT NULL,
    branch_id    text     NOT NULL,
    day          integer  NOT NULL,  -- proleptic ordinal
    count        bigint   NOT NULL,
    amount_minor bigint   NOT NULL,
    PRIMARY KEY (projection, version, measure, day, currency, branch_id, partition)
);

-- The alerts that stand now.
CREATE TABLE alerts (
    alert_id        uuid        PRIMARY KEY,
    projection      text        NOT NULL,
    version         integer     NOT NULL,
    customer_id     text        NOT NULL,
    partition       smallint    NOT NULL,
    kind            text        NOT NULL,
    subject         text        NOT NULL,
    threshold       integer     NOT NULL,
    branch_id       text,
    since           timestamptz NOT NULL,
    currency        text        NOT NULL,
    amount_minor    bigint      NOT NULL,
    raised_at       timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text
);
CREATE INDEX alerts_customer ON alerts (projection, version, customer_id);
CREATE INDEX alerts_newest ON alerts (since DESC, alert_id);
CREATE INDEX alerts_branch ON alerts (branch_id, since DESC, alert_id);

-- What was shown when: every raising and every withdrawal, in order. Also the outbox.
CREATE TABLE alert_journal (
    ordinal        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id       uuid        NOT NULL,
    occurrence     integer     NOT NULL,  -- 1 raised, 2 withdrawn, 3 raised again ...
    action         text        NOT NULL CHECK (action IN ('raised', 'withdrawn')),
    at             timestamptz NOT NULL,  -- record time: when the platform knew
    kind           text        NOT NULL,
    subject        text        NOT NULL,
    threshold      integer     NOT NULL,
    customer_id    text        NOT NULL,
    branch_id      text,
    since          timestamptz NOT NULL,
    currency       text        NOT NULL,
    amount_minor   bigint      NOT NULL,
    cause_reason   text,
    cause_event_id uuid,
    UNIQUE (alert_id, occurrence)
);
CREATE INDEX alert_journal_customer ON alert_journal (customer_id, ordinal);
CREATE TRIGGER alert_journal_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON alert_journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
