-- $1 projection, $2 version, $3 generation: how far each partition got, and how many events of the
-- reference stream all of its customers reflect (null: it has none).
SELECT p.partition,
       coalesce(c.next, 0) AS next,
       (SELECT coalesce(sum(a.change_no), 0)::bigint
        FROM checkpoints a
        WHERE a.projection = $1 AND a.version = $2 AND a.partition = p.partition) AS change_no,
       (SELECT coalesce(c.settled, 0)
        FROM projection_heads h
        WHERE h.projection = $1 AND h.version = $2 AND h.partition = p.partition
        LIMIT 1) AS settled
FROM generate_series(0, 11) AS p (partition)
LEFT JOIN checkpoints c
       ON c.projection = $1 AND c.version = $2 AND c.generation = $3
      AND c.partition = p.partition
ORDER BY p.partition
