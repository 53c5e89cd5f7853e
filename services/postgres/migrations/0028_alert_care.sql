-- What was done about an alert that stands: taken up, put off, passed on; by whom, and until when.

ALTER TABLE alerts
    DROP COLUMN acknowledged_at,
    DROP COLUMN acknowledged_by,
    ADD COLUMN state    text NOT NULL DEFAULT 'open',  -- or acknowledged, snoozed
    ADD COLUMN state_by text,                          -- who said so last, if anybody did
    ADD COLUMN state_at timestamptz,
    ADD COLUMN until    timestamptz,                   -- put off; it is open again from then on
    ADD COLUMN delegate text;                          -- whom it was passed on to

CREATE INDEX alerts_state ON alerts (state, since DESC, alert_id) WHERE state <> 'open';

ALTER TABLE rebuild_alerts
    ADD COLUMN state    text NOT NULL DEFAULT 'open',
    ADD COLUMN state_by text,
    ADD COLUMN state_at timestamptz,
    ADD COLUMN until    timestamptz,
    ADD COLUMN delegate text;

-- Each of it is told, too; what was put off is raised again at its instant.
ALTER TABLE alert_journal
    DROP CONSTRAINT alert_journal_action_check,
    ADD CONSTRAINT alert_journal_action_check CHECK
        (action IN ('raised', 'withdrawn', 'acknowledged', 'snoozed', 'delegated')) NOT VALID,
    ADD COLUMN state_by text,
    ADD COLUMN until    timestamptz,
    ADD COLUMN delegate text;
