-- One walk fills the builds of all projections that were asked for together.

-- Rebuilds that are under way begin anew.
DROP TABLE rebuild_totals, rebuild_parts, rebuilds, rebuild_alerts;

-- Unlogged, as the rows of a build are until it is switched: a crash of the server empties all of
-- them at once, so that no part is ever taken for done whose rows are gone.
CREATE UNLOGGED TABLE rebuild_walks (
    walk_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    projections text[] NOT NULL,  -- that were asked for, in order
    code text NOT NULL,  -- digest of the program that assesses: other code starts over
    generation smallint NOT NULL,
    positions bigint[] NOT NULL,  -- by partition: where the walk ends and catching up begins
    instants timestamptz[] NOT NULL,  -- by partition: the instant that the walk assesses at
    started_at timestamptz NOT NULL DEFAULT now()
);

-- The builds of a walk that are not switched yet. A build's checkpoints, heads and totals are kept
-- under the name `stored_as`, its rows in tables of that name.
CREATE UNLOGGED TABLE rebuilds (
    projection text PRIMARY KEY,
    walk_id bigint NOT NULL REFERENCES rebuild_walks (walk_id) ON DELETE CASCADE,
    stored_as text NOT NULL,
    version integer NOT NULL,
    live_version integer NOT NULL,
    indexed_at timestamptz  -- null: its tables have no keys yet, its sums are not added up
);

-- The walk's parts: customers from `first` up to but not including `upto`.
CREATE UNLOGGED TABLE rebuild_parts (
    walk_id bigint NOT NULL REFERENCES rebuild_walks (walk_id) ON DELETE CASCADE,
    part integer NOT NULL,
    first text,  -- null: from the beginning
    upto text,  -- null: to the end
    done_at timestamptz,
    customers bigint NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (walk_id, part)
);

-- Each part's sums, added up when all are walked.
CREATE UNLOGGED TABLE rebuild_totals (
    projection text NOT NULL,  -- `stored_as`
    version integer NOT NULL,
    partition smallint NOT NULL,
    measure text NOT NULL,
    currency text NOT NULL,
    branch_id text NOT NULL,
    day integer NOT NULL,
    count bigint NOT NULL,
    amount_minor bigint NOT NULL
);

-- The alerts that stand in a build; compared with those that were told when it is switched.
CREATE UNLOGGED TABLE rebuild_alerts (
    projection text NOT NULL,  -- `stored_as`
    version integer NOT NULL,
    alert_id uuid NOT NULL,
    customer_id text NOT NULL,
    partition smallint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    threshold integer NOT NULL,
    branch_id text,
    since timestamptz NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (projection, version, alert_id)
);
CREATE INDEX rebuild_alerts_customer ON rebuild_alerts (projection, version, customer_id);
