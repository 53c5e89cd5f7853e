-- The currencies of open items, hopping along the index from one to the next.
WITH RECURSIVE found (currency) AS (
    (SELECT currency FROM {items} i WHERE status = 'open' ORDER BY currency LIMIT 1)
    UNION ALL
    SELECT (SELECT i.currency FROM {items} i
            WHERE i.status = 'open' AND i.currency > found.currency
            ORDER BY i.currency LIMIT 1)
    FROM found WHERE found.currency IS NOT NULL
)
SELECT currency FROM found WHERE currency IS NOT NULL
