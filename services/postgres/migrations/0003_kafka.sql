-- What the gateway keeps beside Kafka's topics, so that a repeat stays harmless across crashes.

-- Admitted and stamped, not yet known to be in the topic. Raised and lowered with log_pending,
-- so that whoever locks a head sees whether anything stamped is still on its way.
ALTER TABLE log_heads ADD COLUMN pending bigint NOT NULL DEFAULT 0 CHECK (pending >= 0);

-- The identical record, ready to be appended again. Appended in the order of ordinals, and
-- nothing younger of its partition before it.
CREATE TABLE log_pending (
    generation smallint NOT NULL,
    partition smallint NOT NULL,
    ordinal bigint GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL UNIQUE,
    recorded_at timestamptz NOT NULL,
    record_key bytea NOT NULL,
    headers bytea NOT NULL,  -- MessagePack: an array of [name, value]
    data bytea NOT NULL,
    PRIMARY KEY (generation, partition, ordinal)
);

-- Where an event is known to lie, until the mirror in the events table says so.
CREATE TABLE log_confirmed (
    event_id uuid PRIMARY KEY,
    generation smallint NOT NULL,
    partition smallint NOT NULL,
    n bigint NOT NULL
);

-- The topics this database belongs to. One deleted and made anew has another id.
CREATE TABLE kafka_topics (
    name text PRIMARY KEY,
    topic_id uuid NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now()
);
