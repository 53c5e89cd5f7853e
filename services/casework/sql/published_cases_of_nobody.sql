-- $1 branches, $2 a case of each: what they published of cases that are nobody's and that may be about
-- this one.
SELECT e.*, asked.case_id AS asked_case
FROM unnest($1::text[], $2::text[]) AS asked (branch_id, case_id)
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE customer_id IS NULL AND branch_id = asked.branch_id AND type LIKE 'case.%'
        AND source NOT LIKE '/cases/%' AND position(convert_to(asked.case_id, 'UTF8') IN data) > 0
    OFFSET 0
) AS e
