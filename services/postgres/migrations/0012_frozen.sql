-- Snapshots hold what was worked out of a dossier and what was written of it, beside the facts.
-- Never the truth: those of the earlier form are dropped, and made again where they are missed.
DROP TABLE dossier_snapshots;
CREATE TABLE dossier_snapshots (
    projection text NOT NULL,
    version integer NOT NULL,
    customer_id text NOT NULL,
    code text NOT NULL,  -- digest of the program that made it: another one makes its own
    generation smallint NOT NULL,
    upto bigint NOT NULL,  -- the first position of the customer's partition that is not in it
    assessed_at timestamptz NOT NULL,  -- the instant as of which it was written
    policy_count integer NOT NULL,  -- the state of the reference stream it was assessed under
    events integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (projection, version, customer_id)
);
ALTER TABLE dossier_snapshots ALTER COLUMN content SET STORAGE EXTERNAL;  -- compressed already
