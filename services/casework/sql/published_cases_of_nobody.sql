-- $1 branch, $2 case: what it published of cases that are nobody's and that may be about this one.
SELECT * FROM events
WHERE customer_id IS NULL AND branch_id = $1 AND type LIKE 'case.%' AND source NOT LIKE '/cases/%'
    AND position(convert_to($2, 'UTF8') IN data) > 0
