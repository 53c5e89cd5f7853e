-- $1 generation: the record that is to be appended next in each partition that has any.
SELECT partition, min(ordinal) AS ordinal FROM log_pending WHERE generation = $1
GROUP BY partition;
