-- How far the events of each generation were looked at, and how many the table holds.
SELECT h.generation, h.partition, coalesce(s.n, 0) AS n,
       CASE g.log WHEN 'kafka' THEN coalesce(m.next, 0) ELSE h.next_n END AS head
FROM log_heads h
JOIN generations g USING (generation)
LEFT JOIN mirror_heads m USING (generation, partition)
LEFT JOIN search_places s USING (generation, partition)
WHERE h.partition < 12
ORDER BY h.generation, h.partition;
