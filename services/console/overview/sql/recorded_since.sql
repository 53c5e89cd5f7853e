-- $1 generation, $2 partitions, $3 how many events each holds, $4 an instant: the first event
-- of each partition that was recorded from then on. Walks each partition back from its end.
SELECT s.partition,
       coalesce((
           SELECT e.n + 1
           FROM events e
           WHERE e.generation = $1 AND e.partition = s.partition AND e.n < s.until
             AND e.recorded_at < $4
           ORDER BY e.n DESC
           LIMIT 1), 0) AS since
FROM unnest($2::smallint[], $3::bigint[]) AS s (partition, until)
ORDER BY s.partition
