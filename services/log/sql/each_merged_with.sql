-- $1 customers: each with everybody whom merges connect with it.
SELECT asked, m.customer_id
FROM unnest($1::text[]) AS asked
CROSS JOIN LATERAL merged_with(asked) AS m
