-- The currencies of open items, in each of some branches or in all together, hopping along an
-- index from one to the next.
SELECT DISTINCT each.currency
FROM {branches} AS b (branch_id)
CROSS JOIN LATERAL (
    WITH RECURSIVE found (currency) AS (
        (SELECT i.currency FROM {items} i
         WHERE i.status = 'open' AND {branch} ORDER BY i.currency LIMIT 1)
        UNION ALL
        SELECT (SELECT i.currency FROM {items} i
                WHERE i.status = 'open' AND {branch} AND i.currency > found.currency
                ORDER BY i.currency LIMIT 1)
        FROM found WHERE found.currency IS NOT NULL
    )
    SELECT currency FROM found WHERE currency IS NOT NULL
) AS each
