-- Facts of long dossiers, so that reading one again needs only the events since.
-- Never the truth: any line may be deleted at any time.
CREATE TABLE dossier_snapshots (
    projection text NOT NULL,
    version integer NOT NULL,
    customer_id text NOT NULL,
    code text NOT NULL,  -- digest of the program that made it: another one makes its own
    generation smallint NOT NULL,
    upto bigint NOT NULL,  -- the first position of the customer's partition that is not in it
    events integer NOT NULL,
    facts bytea NOT NULL,
    PRIMARY KEY (projection, version, customer_id)
);
ALTER TABLE dossier_snapshots ALTER COLUMN facts SET STORAGE EXTERNAL;  -- compressed already
