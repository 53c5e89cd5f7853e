-- $1 generation, $2 partitions, $3 how many: what is to be appended next, in order.
SELECT partition, event_id FROM log_pending
WHERE generation = $1 AND partition = ANY ($2::smallint[])
ORDER BY partition, ordinal
LIMIT $3;
