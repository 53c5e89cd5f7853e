-- How many cases of our own nobody has taken, and how many of them are put off, counted as far as
-- a limit; $1 department (null: any), $2 now, $3 the limit.
SELECT count(*) FILTER (WHERE found.until IS NULL OR found.until <= $2) AS waiting,
       count(*) FILTER (WHERE found.until > $2) AS put_off
FROM (
    SELECT c.put_off_until AS until
    FROM {cases} c
    WHERE c.status IN ('open', 'waiting') AND c.owner IS NULL AND NOT c.external
      AND ($1::text IS NULL OR c.department = $1)
    LIMIT $3
) AS found
