-- Which version of each projection is live, and rebuilds that are under way.

-- Only the live version's rows are written and only its alerts stand; a projection that is
-- projected for the first time becomes live by that.
CREATE TABLE live_versions (
    projection text PRIMARY KEY,
    version integer NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
INSERT INTO live_versions (projection, version)
SELECT projection, max(version) FROM checkpoints GROUP BY projection;

-- A build beside the live rows: its checkpoints, heads and totals are kept under the name
-- `stored_as`, its rows in tables of that name.
CREATE TABLE rebuilds (
    projection text PRIMARY KEY,
    rebuild_id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    stored_as text NOT NULL,
    version integer NOT NULL,
    live_version integer NOT NULL,
    code text NOT NULL,  -- digest of the program that assesses: other code starts over
    generation smallint NOT NULL,
    positions bigint[] NOT NULL,  -- by partition: where the walk ends and catching up begins
    instants timestamptz[] NOT NULL,  -- by partition: the instant that the walk assesses at
    walked_at timestamptz,  -- null: parts are still to be walked
    started_at timestamptz NOT NULL DEFAULT now()
);

-- The walk's parts: customers from `first` up to but not including `upto`.
CREATE TABLE rebuild_parts (
    rebuild_id bigint NOT NULL REFERENCES rebuilds (rebuild_id) ON DELETE CASCADE,
    part integer NOT NULL,
    first text,  -- null: from the beginning
    upto text,  -- null: to the end
    done_at timestamptz,
    customers bigint NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (rebuild_id, part)
);

-- Each part's sums, added up when all are walked.
CREATE TABLE rebuild_totals (
    rebuild_id bigint NOT NULL,
    partition smallint NOT NULL,
    measure text NOT NULL,
    currency text NOT NULL,
    branch_id text NOT NULL,
    day integer NOT NULL,
    count bigint NOT NULL,
    amount_minor bigint NOT NULL
);

-- The alerts that stand in a build; compared with those that were told when it is switched.
CREATE TABLE rebuild_alerts (
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
