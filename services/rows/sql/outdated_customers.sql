-- $1 projection, $2 version, $3 partition; $4 what later records are about and $5 where the latest
-- of each stands; $6 how many records there are; $7 the instant to be judged, $8 whether it is
-- now: if it is not, nobody goes back to an earlier instant than the last; $9 how many.
-- Customers whose assessment used something that a later record is about. Of whom it is not known
-- what was used (0), every later record.
SELECT h.customer_id
FROM (
    SELECT s.uses_id, max(t.since) AS since
    FROM unnest($4::text[], $5::integer[]) AS t (used, since)
    JOIN use_sets s ON s.uses @> ARRAY[t.used]
    GROUP BY s.uses_id
    UNION ALL
    SELECT 0, $6::integer
) AS outdated
CROSS JOIN LATERAL (
    SELECT customer_id FROM projection_heads
    WHERE projection = $1 AND version = $2 AND partition = $3
      AND uses_id = outdated.uses_id AND policy_count < outdated.since
      AND parked_reason IS NULL AND ($8::boolean OR assessed_at <= $7::timestamptz)
    LIMIT $9
) AS h
LIMIT $9
