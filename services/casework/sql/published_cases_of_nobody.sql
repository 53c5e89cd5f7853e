-- $1 branches: what they published of cases that are nobody's.
SELECT data FROM events
WHERE customer_id IS NULL AND branch_id = ANY($1::text[]) AND type LIKE 'case.%'
    AND source NOT LIKE '/cases/%'
