-- Events of sources that keep no counter, and traces of vendors.

ALTER TABLE admissions ALTER COLUMN sequence DROP NOT NULL;  -- null: the source keeps no counter
CREATE INDEX admissions_uncounted ON admissions (source) WHERE sequence IS NULL;

ALTER TABLE events ADD COLUMN tracestate text;
COMMENT ON COLUMN events.sequence IS '0: the source keeps no counter';
