-- What is being written into an empty platform, and how far it is; no row: nothing is. Until it is
-- done, figures are those of a part, and pages say so.
CREATE TABLE filling (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    stage text NOT NULL,  -- history: days are being written; events: what was written is read
    done bigint NOT NULL,
    total bigint NOT NULL
);
