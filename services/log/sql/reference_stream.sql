-- $1 generation and $2 n of the last event known. Generation by generation, so that the index
-- by position reaches this partition without passing over the others'.
SELECT e.*
FROM generations AS g
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE events.generation = g.generation AND partition = 12
      AND n > CASE WHEN g.generation = $1::smallint THEN $2::bigint ELSE -1 END
    OFFSET 0  -- keeps the planner from turning this into one scan of all generations
) AS e
WHERE g.generation >= $1::smallint
ORDER BY e.generation, e.n
