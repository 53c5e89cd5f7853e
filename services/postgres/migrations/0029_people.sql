-- Who may log in, with what, and what was done about it. Members of staff themselves are reference
-- data; an account is how one of them proves who he or she is.

CREATE TABLE staff_accounts (
    staff_id        text PRIMARY KEY,
    administrator   boolean     NOT NULL DEFAULT false, -- beside what reference data say
    password_hash   text,                  -- Argon2id with salt and parameters; none before a link is used
    password_set_at timestamptz,
    failures        integer     NOT NULL DEFAULT 0,     -- wrong tries in a row
    locked_until    timestamptz,                        -- after those
    locked_at       timestamptz,                        -- by an administrator, until lifted
    totp_sealed     bytea,                              -- the secret, under a key of the vault
    totp_since      timestamptz,                        -- asked for since; none while it is set up
    totp_step       bigint,                             -- of the code that was taken last
    recovery_hashes bytea[]     NOT NULL DEFAULT '{}',
    made_at         timestamptz NOT NULL
);

-- By whoever holds one a password is set, once.
CREATE TABLE staff_links (
    hash     bytea PRIMARY KEY,
    staff_id text        NOT NULL REFERENCES staff_accounts ON DELETE CASCADE,
    ends_at  timestamptz NOT NULL
);
CREATE INDEX staff_links_of ON staff_links (staff_id);

CREATE TABLE staff_sessions (
    session_id uuid PRIMARY KEY,
    hash       bytea       NOT NULL UNIQUE, -- of the token that the browser holds
    staff_id   text        NOT NULL,
    way        text        NOT NULL CHECK (way IN ('password', 'company', 'demonstration')),
    program    text        NOT NULL,        -- what the browser calls itself, shortened
    begun_at   timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL
);
CREATE INDEX staff_sessions_of ON staff_sessions (staff_id);

-- Log-ins at the company's provider that are under way.
CREATE TABLE provider_log_ins (
    hash     bytea PRIMARY KEY, -- of the state
    nonce    text        NOT NULL,
    verifier text        NOT NULL,
    onward   text        NOT NULL,
    ends_at  timestamptz NOT NULL
);

-- What was done with accounts, keys and sessions, by whom: never changed, never taken back.
CREATE TABLE people_journal (
    n        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    by       text        NOT NULL, -- a member of staff, or "command line" or "platform"
    act      text        NOT NULL,
    staff_id text,                 -- whose account, session or key
    about    text                  -- such as the id of the key
);
CREATE INDEX people_journal_of ON people_journal (staff_id, n DESC);

CREATE FUNCTION people_journal_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal of people is only added to';
END $$;
CREATE TRIGGER people_journal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON people_journal
    FOR EACH STATEMENT EXECUTE FUNCTION people_journal_stays();
