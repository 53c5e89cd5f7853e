-- $1 customers: what branches published of their cases.
SELECT data FROM events
WHERE customer_id = ANY($1::text[]) AND type LIKE 'case.%' AND source NOT LIKE '/cases/%'
