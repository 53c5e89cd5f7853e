-- $1 customer or null, $2 branch: what branches published of the cases of that customer, or of
-- those of the branch that are nobody's.
SELECT data FROM events
WHERE customer_id = $1 AND type LIKE 'case.%' AND source NOT LIKE '/cases/%'
UNION ALL
SELECT data FROM events
WHERE $1::text IS NULL AND customer_id IS NULL AND branch_id = $2
    AND type LIKE 'case.%' AND source NOT LIKE '/cases/%';
