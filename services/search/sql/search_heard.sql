-- $1 customers, $2 the day on which each was heard of.
INSERT INTO search_latest AS s (customer_id, latest)
SELECT * FROM unnest($1::text[], $2::date[])
ON CONFLICT (customer_id) DO UPDATE SET latest = excluded.latest
WHERE s.latest < excluded.latest;
