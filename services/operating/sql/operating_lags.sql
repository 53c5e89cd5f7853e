-- $1 generation, $2 now: how far each live projection got in each partition, and for how many seconds
-- the first event that it has not taken in has waited, where the events table has that event or it is
-- known to lie in its topic.
SELECT c.projection, c.partition, c.next,
       extract(epoch FROM $2::timestamptz - coalesce(
           e.recorded_at,
           (SELECT b.recorded_at FROM log_confirmed b
            WHERE b.generation = c.generation AND b.partition = c.partition AND b.n >= c.next
            ORDER BY b.n LIMIT 1),
           c.updated_at
       ))::float8 AS waited_s
FROM checkpoints c
JOIN live_versions l USING (projection, version)
LEFT JOIN events e ON e.generation = c.generation AND e.partition = c.partition AND e.n = c.next
WHERE c.generation = $1
ORDER BY c.projection, c.partition
