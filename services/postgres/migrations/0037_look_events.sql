-- Looks at personal data go on into the log: which event tells of a look is written beside it, once, and
-- a look may go after the log has that event. Nothing else of it changes.
ALTER TABLE looks
    ADD COLUMN branch_id text,  -- where who looked worked then; none where all do
    ADD COLUMN event_id uuid;   -- of the event that tells of it; none yet
CREATE INDEX looks_untold ON looks (look) WHERE event_id IS NULL;
CREATE INDEX looks_told ON looks (event_id) WHERE event_id IS NOT NULL;

-- Events that tell of looks: first written here with their ids, then appended to the log, so that
-- whoever takes over from a process that died appends the same events.
CREATE TABLE look_events (
    event_id   uuid        PRIMARY KEY,
    staff_id   text        NOT NULL,
    branch_id  text        NOT NULL,
    first_look bigint      NOT NULL,
    last_look  bigint      NOT NULL UNIQUE,
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    is_in_log  boolean     NOT NULL DEFAULT false,
    customers  text[]      -- once its looks have gone from their table: whom it tells of
);
CREATE INDEX look_events_waiting ON look_events (last_look) WHERE NOT is_in_log;
CREATE INDEX look_events_alone ON look_events (last_look) WHERE customers IS NOT NULL;
CREATE INDEX look_events_alone_staff ON look_events (staff_id, last_look) WHERE customers IS NOT NULL;
CREATE INDEX look_events_alone_customers ON look_events USING gin (customers)
    WHERE customers IS NOT NULL;
CREATE TRIGGER look_events_stay
    BEFORE DELETE OR TRUNCATE ON look_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION looks_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.event_id IS NULL AND to_jsonb(NEW) - 'event_id' = to_jsonb(OLD) - 'event_id' THEN
            RETURN NEW;
        END IF;
    ELSIF EXISTS (
        SELECT FROM look_events t JOIN events e USING (event_id)
        WHERE t.event_id = OLD.event_id AND t.customers IS NOT NULL
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'a look stays as it is, and goes no sooner than the log tells of it'
        USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER looks_is_append_only ON looks;
CREATE TRIGGER looks_stay
    BEFORE UPDATE OR DELETE ON looks
    FOR EACH ROW EXECUTE FUNCTION looks_stay();
CREATE TRIGGER looks_are_not_emptied
    BEFORE TRUNCATE ON looks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
