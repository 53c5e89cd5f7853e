-- What Kafka's workers keep: how far each partition is mirrored, and what was told to others.

ALTER TABLE mirror_duplicates RENAME TO mirror_heads;
ALTER TABLE mirror_heads
    ALTER COLUMN dropped SET DEFAULT 0,
    ADD COLUMN next bigint NOT NULL DEFAULT 0;  -- the first place of the topic not mirrored yet

-- How far a table that only grows was told on a topic.
CREATE TABLE relays (
    name text PRIMARY KEY,
    upto bigint NOT NULL DEFAULT 0,  -- the ordinal of the last row that was told
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- The order in which refused events came to lie here.
ALTER TABLE quarantine ADD COLUMN ordinal bigint GENERATED ALWAYS AS IDENTITY UNIQUE;
