-- $1 projection, $2 version, $3 generation, $4 the live version until now: the build's
-- checkpoints go on where the live ones stand, with change numbers that readers have not seen.
UPDATE checkpoints b
SET next = l.next, reference_next = greatest(b.reference_next, l.reference_next),
    change_no = l.changes + 1, judged_at = greatest(b.judged_at, l.judged_at), updated_at = now()
FROM (SELECT c.*, (SELECT sum(change_no) FROM checkpoints a
                   WHERE a.projection = $1 AND a.version = $4 AND a.partition = c.partition)
                  AS changes
      FROM checkpoints c WHERE projection = $1 AND version = $4 AND generation = $3) AS l
WHERE b.projection = $1 AND b.version = $2 AND b.generation = $3 AND b.partition = l.partition
