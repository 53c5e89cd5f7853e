-- $1 projections in the order in which owners write them, $2 generation: their live checkpoints.
SELECT c.projection, c.partition, c.next
FROM checkpoints c
JOIN live_versions l ON l.projection = c.projection AND l.version = c.version
WHERE c.projection = ANY($1::text[]) AND c.generation = $2
ORDER BY array_position($1::text[], c.projection), c.partition
FOR UPDATE OF c
