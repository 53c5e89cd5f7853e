-- $1 projection, $2 version, $3 generation: how far each partition got.
SELECT p.partition, coalesce(c.next, 0) AS next
FROM generate_series(0, 11) AS p (partition)
LEFT JOIN checkpoints c
       ON c.projection = $1 AND c.version = $2 AND c.generation = $3
      AND c.partition = p.partition
ORDER BY p.partition
