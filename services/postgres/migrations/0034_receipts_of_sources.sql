-- Which numbers of which source were refused, so that receipts can name them; null where an event
-- had none that could be read.
ALTER TABLE quarantine
    ADD COLUMN source text,
    ADD COLUMN epoch bigint,
    ADD COLUMN sequence bigint;
CREATE INDEX quarantine_numbers ON quarantine (source, epoch, sequence) WHERE sequence IS NOT NULL;

-- The keys with which the platform signs what others check without it. Each is made once: what it
-- signed is to be checked for ever.
CREATE TABLE signing_keys (
    purpose    text PRIMARY KEY,
    origin     text        NOT NULL, -- the name that the key signs under
    public_key bytea       NOT NULL, -- Ed25519
    sealed     bytea       NOT NULL, -- the private key, under a key of the vault
    made_at    timestamptz NOT NULL
);
CREATE TRIGGER signing_keys_stay
    BEFORE UPDATE OR DELETE OR TRUNCATE ON signing_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
