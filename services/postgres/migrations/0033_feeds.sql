-- Feeds: the configured sources of other systems' documents. A feed's name and branch are part of
-- the ids of its events, so that a removed one keeps its row and comes back as what it was.
CREATE TABLE feeds (
    name       text PRIMARY KEY,
    format     text        NOT NULL,
    branch_id  text        NOT NULL,
    zone       text        NOT NULL,
    currency   text,
    settings   jsonb       NOT NULL,
    made_at    timestamptz NOT NULL,
    removed_at timestamptz
);

-- What a feed's messages are signed with, sealed under a key of the vault. Several hold while one
-- follows another.
CREATE TABLE feed_secrets (
    feed    text        NOT NULL REFERENCES feeds,
    number  int         NOT NULL,
    sealed  bytea       NOT NULL,
    made_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (feed, number)
);
