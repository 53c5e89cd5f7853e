-- $1 projections, $2 their versions, $3 generation: how far each partition got of each, in this
-- order, and how many events of the reference stream all of its customers reflect (null: it has
-- none); with each what is being written into an empty platform, and how far it is.
SELECT v.projection,
       p.partition,
       coalesce(c.next, 0) AS next,
       (SELECT coalesce(sum(a.change_no), 0)::bigint
        FROM checkpoints a
        WHERE a.projection = v.projection AND a.version = v.version
          AND a.partition = p.partition) AS change_no,
       (SELECT coalesce(c.settled, 0)
        FROM projection_heads h
        WHERE h.projection = v.projection AND h.version = v.version
          AND h.partition = p.partition
        LIMIT 1) AS settled,
       f.stage, f.done, f.total
FROM unnest($1::text[], $2::integer[]) WITH ORDINALITY AS v (projection, version, nth)
CROSS JOIN generate_series(0, 11) AS p (partition)
LEFT JOIN checkpoints c
       ON c.projection = v.projection AND c.version = v.version AND c.generation = $3
      AND c.partition = p.partition
LEFT JOIN filling f ON true
ORDER BY v.nth, p.partition
