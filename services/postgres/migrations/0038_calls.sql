-- Calls that ring or run just now, and at whose telephone: what pops up on whose screen. A row goes
-- with its call, and nothing rests on it: what was is in the log.
CREATE TABLE call_pops (
    feed       text        NOT NULL,
    call_id    text        NOT NULL,
    staff_id   text        NOT NULL,
    branch_id  text        NOT NULL,
    direction  text        NOT NULL,
    line       text,
    customers  text[]      NOT NULL,
    sealed     bytea,                 -- the number, under the branch's key; none: it was withheld
    is_taken   boolean     NOT NULL,
    since      timestamptz NOT NULL,
    PRIMARY KEY (feed, call_id, staff_id)
);
CREATE INDEX call_pops_staff ON call_pops (staff_id, since);

-- Signals of calls that are not over, as providers sent them, under their branch's key. They go
-- once the call is recorded.
CREATE TABLE call_signals (
    feed    text        NOT NULL,
    call_id text        NOT NULL,
    digest  bytea       NOT NULL,      -- of what was sent: the same again is the same
    at      timestamptz NOT NULL,
    sealed  bytea       NOT NULL,
    PRIMARY KEY (feed, call_id, digest)
);

-- How the line to each exchange is: told by the process that listens on it.
CREATE TABLE feed_lines (
    feed       text PRIMARY KEY,
    is_up      boolean     NOT NULL,
    since      timestamptz NOT NULL,
    heard_at   timestamptz,
    told_at    timestamptz NOT NULL,
    connects   bigint      NOT NULL,
    recorded   bigint      NOT NULL,   -- calls, since the process began
    incomplete bigint      NOT NULL,   -- calls that could not be recorded: the line was cut meanwhile
    reason     text
);
