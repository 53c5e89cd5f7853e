-- $1 tokens, $2 customers, $3 tokens of endings, $4 events, $5 days: the first event stays.
INSERT INTO search_references (token, customer_id, ending, event_id, day)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::uuid[], $5::date[])
ON CONFLICT (token, customer_id) DO NOTHING;
