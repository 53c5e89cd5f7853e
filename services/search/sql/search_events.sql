-- $1 generation, $2 partition, $3 first n, $4 the n to stop before, $5 types whose data name
-- something, $6 how many: who was heard of, when, and what was said.
SELECT n, event_id, customer_id, type, effective_at,
       CASE WHEN type = ANY ($5::text[]) THEN data END AS data
FROM events
WHERE generation = $1 AND partition = $2 AND n >= $3 AND n < $4 AND customer_id IS NOT NULL
ORDER BY n
LIMIT $6;
