-- How many cases of our own nobody has taken, and how many of them are put off, each counted as
-- far as a limit; $1 department (null: any), $2 now, $3 the limit.
SELECT (
    SELECT count(*) FROM (
        SELECT 1
        FROM {cases} c
        WHERE c.status IN ('open', 'waiting') AND c.owner IS NULL AND NOT c.external
          AND ($1::text IS NULL OR c.department = $1)
          AND (c.put_off_until IS NULL OR c.put_off_until <= $2)
        LIMIT $3
    ) AS found
) AS waiting, (
    SELECT count(*) FROM (
        SELECT 1
        FROM {cases} c
        WHERE c.put_off_until > $2 AND ($1::text IS NULL OR c.department = $1)
        LIMIT $3
    ) AS found
) AS put_off
