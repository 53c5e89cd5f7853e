-- Events of sources that keep no counter, and traces of vendors.

ALTER TABLE admissions ALTER COLUMN sequence DROP NOT NULL;  -- null: the source keeps no counter
CREATE INDEX admissions_uncounted ON admissions (source) WHERE sequence IS NULL;

ALTER TABLE events ADD COLUMN tracestate text;
COMMENT ON COLUMN events.sequence IS '0: the source keeps no counter';

-- What was refused is sealed under its customer's key where there is one, is settled by an
-- operator, and takes no more room than its branch may have.
ALTER TABLE quarantine
    ADD COLUMN sealed_for text,  -- the vault's subject; null: the branch's
    ADD COLUMN headquarters boolean NOT NULL DEFAULT false,  -- what the sender's key was good for
    ADD COLUMN cut boolean NOT NULL DEFAULT false,  -- the event was too long to be kept whole
    ADD COLUMN state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'resubmitted', 'discarded')),
    ADD COLUMN settled_at timestamptz,
    ADD COLUMN settled_reason text,
    ALTER COLUMN sealed DROP NOT NULL;  -- null: settled, or about somebody who was erased
CREATE INDEX quarantine_branch ON quarantine (branch_id, last_received_at);

-- Refused events that were not kept: their branch had no room left.
CREATE TABLE quarantine_overflow (
    branch_id text PRIMARY KEY,
    events bigint NOT NULL,
    last_at timestamptz NOT NULL
);
