-- The company as of past instants, as known at others: each asked for by somebody, walked once and
-- kept. The rows of one lie in a schema of their own, named by its number.
CREATE TABLE pasts (
    past_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    as_of     text        NOT NULL, -- a day or an instant as it was asked for
    as_known  text        NOT NULL, -- the same; empty: with all that was known when it was walked
    asked_by  text        NOT NULL,
    asked_at  timestamptz NOT NULL,
    used_at   timestamptz NOT NULL,
    code      text        NOT NULL, -- of the projections that it was walked with
    customers bigint      NOT NULL DEFAULT 0, -- that the walk meets, about
    done      bigint      NOT NULL DEFAULT 0,
    left_out  bigint      NOT NULL DEFAULT 0, -- of whom nothing can be told
    ready_at  timestamptz, -- null: it is not walked to its end
    why       text,        -- why it cannot be walked; null: nothing is wrong
    UNIQUE (as_of, as_known)
);
