-- How many cases are behind a figure, and what they come to.
SELECT count(*) AS cases, coalesce(sum(f.amount), 0)::bigint AS amount
FROM {cases} c
CROSS JOIN LATERAL (SELECT coalesce(({amount}), 0)::bigint AS amount) f
WHERE {conditions} AND f.amount > 0
