-- $1 branch: what it published of cases that are nobody's.
SELECT data FROM events
WHERE customer_id IS NULL AND branch_id = $1 AND type LIKE 'case.%' AND source NOT LIKE '/cases/%'
