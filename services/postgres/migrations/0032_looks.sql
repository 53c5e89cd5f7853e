-- Who was shown the name or telephone number of whom, and when: once for a member of staff, a
-- customer and some minutes. Nothing of it changes or goes.
CREATE TABLE looks (
    look        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    staff_id    text        NOT NULL,
    customer_id text        NOT NULL,
    page        text        NOT NULL  -- the kind of page: its address without what it was about
);
CREATE INDEX looks_customer ON looks (customer_id, look);
CREATE INDEX looks_staff ON looks (staff_id, look);
CREATE INDEX looks_at ON looks (at, look);
CREATE TRIGGER looks_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON looks
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
