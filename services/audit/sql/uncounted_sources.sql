-- $1 how many: sources that have published events without a sequence number, each found by one
-- step through the index.
WITH RECURSIVE found AS (
    (SELECT source FROM admissions WHERE sequence IS NULL ORDER BY source LIMIT 1)
    UNION ALL
    SELECT (
        SELECT a.source FROM admissions a
        WHERE a.sequence IS NULL AND a.source > f.source ORDER BY a.source LIMIT 1
    )
    FROM found f WHERE f.source IS NOT NULL
)
SELECT source FROM found WHERE source IS NOT NULL LIMIT $1;
