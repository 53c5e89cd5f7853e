-- $1 generation, $2 partitions, $3 from and $4 up to which event, $5 the oldest instant of
-- interest: events by branch and second of record.
SELECT c.branch_id, c.second, sum(c.events)::bigint AS events
FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS s (partition, since, until)
CROSS JOIN LATERAL (
    SELECT e.branch_id, floor(extract(epoch FROM e.recorded_at))::bigint AS second,
           count(*) AS events
    FROM {events} e
    WHERE e.generation = $1 AND e.partition = s.partition
      AND e.n >= s.since AND e.n < s.until AND e.recorded_at >= $5
    GROUP BY 1, 2
) AS c
GROUP BY 1, 2
