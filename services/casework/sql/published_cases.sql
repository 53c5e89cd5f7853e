-- $1 customer, $2 case: what branches published of its cases that may be about this one. The name of
-- the case stands in the bytes as it is; so nobody decodes, or stumbles over, what is about another.
SELECT * FROM events
WHERE customer_id = $1 AND type LIKE 'case.%' AND source NOT LIKE '/cases/%'
    AND position(convert_to($2, 'UTF8') IN data) > 0
