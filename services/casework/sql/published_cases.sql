-- $1 customer: what branches published of its cases.
SELECT data FROM events
WHERE customer_id = $1 AND type LIKE 'case.%' AND source NOT LIKE '/cases/%'
