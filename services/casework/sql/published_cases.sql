-- $1 customers, $2 a case of each: what branches published of their cases that may be about this one.
-- The name of the case stands in the bytes as it is; so nobody decodes, or stumbles over, what is
-- about another.
SELECT e.*, asked.case_id AS asked_case
FROM unnest($1::text[], $2::text[]) AS asked (customer_id, case_id)
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE customer_id = asked.customer_id AND type LIKE 'case.%' AND source NOT LIKE '/cases/%'
        AND position(convert_to(asked.case_id, 'UTF8') IN data) > 0
    OFFSET 0
) AS e
