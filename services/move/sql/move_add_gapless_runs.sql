-- $1 generation, kept by PostgreSQL: after what the next one inherits, it has this one's own
-- events. They have no gaps, so that nobody waits for them to be counted.
INSERT INTO log_runs (generation, partition, first_n, events, kept_generation, kept_first_n)
SELECT h.generation + 1, h.partition, own.first_n, h.next_n - own.first_n, h.generation, own.first_n
FROM log_heads h
CROSS JOIN LATERAL (
    SELECT coalesce(sum(r.events), 0)::bigint AS first_n FROM log_runs r
    WHERE r.generation = h.generation AND r.partition = h.partition
) AS own
WHERE h.generation = $1 AND h.next_n > own.first_n;
