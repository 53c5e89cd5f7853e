-- How much of each partition the events table holds: all of it, or what is mirrored so far.
SELECT h.partition, CASE g.log WHEN 'kafka' THEN coalesce(m.next, 0) ELSE h.next_n END AS next_n
FROM log_heads h
JOIN generations g USING (generation)
LEFT JOIN mirror_heads m USING (generation, partition)
WHERE h.generation = $1
ORDER BY h.partition
