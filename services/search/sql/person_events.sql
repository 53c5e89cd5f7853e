-- $1 customers, $2 types: what was told of them, and whether the key that sealed it is destroyed.
SELECT e.*, k.destroyed_at IS NOT NULL AS erased
FROM events e
LEFT JOIN subject_keys k ON k.subject = e.customer_id
WHERE e.customer_id = ANY ($1::text[]) AND e.type = ANY ($2::text[])
ORDER BY e.customer_id, e.generation, e.partition, e.n;
