-- $1 customers, $2 types: what of these is in the events table.
SELECT * FROM events
WHERE customer_id = ANY($1::text[]) AND type = ANY($2::text[])
ORDER BY customer_id, generation, partition, n
