-- The current generation, and whether anything was admitted to it so far.
SELECT generation, log, EXISTS (
    SELECT FROM log_heads h
    WHERE h.generation = g.generation AND (h.next_n > 0 OR h.recorded_at > '-infinity')
) AS used
FROM generations g
ORDER BY generation DESC
LIMIT 1
FOR UPDATE;
