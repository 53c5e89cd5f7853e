-- From which accounts customers paid: keyed tokens, never a digit of what they stand for.
CREATE TABLE payer_accounts (
    token bigint NOT NULL,
    customer_id text NOT NULL,
    payment_id text NOT NULL,      -- by which it was learned first
    PRIMARY KEY (token, customer_id)
);
CREATE INDEX payer_accounts_of ON payer_accounts (customer_id, payment_id);

-- Whose key is destroyed is known by no account from that moment on.
CREATE FUNCTION forget_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM payer_accounts WHERE customer_id = NEW.subject;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_go_with_the_key AFTER UPDATE OF wrapped_key ON subject_keys
    FOR EACH ROW WHEN (OLD.wrapped_key IS NOT NULL AND NEW.wrapped_key IS NULL)
    EXECUTE FUNCTION forget_accounts();
