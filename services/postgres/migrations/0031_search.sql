-- Where customers are found: keyed tokens, never a letter of what they stand for.

-- One row for each customer that the log names. Of customers merged into one, the head's row has
-- the tokens of all; the others lead to it.
CREATE TABLE search_customers (
    customer_id text PRIMARY KEY,
    head text NOT NULL,
    branch_id text,                -- where the head is at home
    home_named boolean NOT NULL,   -- false: at home by its earliest event alone
    tokens bigint[] NOT NULL,
    due_at timestamptz,            -- when something told already takes effect
    read_at timestamptz NOT NULL   -- no event that was recorded before then is missing
) WITH (fillfactor = 90);
CREATE INDEX search_customers_tokens ON search_customers USING gin (tokens)
    WITH (fastupdate = off);       -- what is pending would be walked by every question
CREATE INDEX search_customers_due ON search_customers (due_at) WHERE due_at IS NOT NULL;
ALTER TABLE search_customers ALTER COLUMN tokens SET STATISTICS 0;

-- The day on which each customer was last heard of: apart, since it changes often.
CREATE TABLE search_latest (
    customer_id text PRIMARY KEY,
    latest date NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX search_latest_latest ON search_latest (latest DESC, customer_id);

-- Invoices, orders, payments and cases, and the event that first named each.
CREATE TABLE search_references (
    token bigint NOT NULL,
    customer_id text NOT NULL,
    ending bigint NOT NULL,        -- the token of the last four letters
    event_id uuid NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (token, customer_id)
);
CREATE INDEX search_references_ending ON search_references (ending, day DESC);

-- How far the events were looked at.
CREATE TABLE search_places (
    generation smallint NOT NULL,
    partition smallint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (generation, partition)
);

-- Whose key is destroyed is found by nothing personal from that moment on; what is left of its
-- group is written anew.
CREATE FUNCTION forget_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search_customers SET tokens = '{}', due_at = '-infinity', read_at = clock_timestamp()
    WHERE customer_id IN (SELECT m.customer_id FROM merged_with(NEW.subject) AS m);
    RETURN NULL;
END $$;
CREATE TRIGGER tokens_go_with_the_key AFTER UPDATE OF wrapped_key ON subject_keys
    FOR EACH ROW WHEN (OLD.wrapped_key IS NOT NULL AND NEW.wrapped_key IS NULL)
    EXECUTE FUNCTION forget_tokens();
