-- $1 customers; $2 the first of a part, $3 the first one not in it (null: no bound).
SELECT customer_id FROM unnest($1::text[]) AS customer_id
WHERE ($2::text IS NULL OR customer_id >= $2) AND ($3::text IS NULL OR customer_id < $3)
