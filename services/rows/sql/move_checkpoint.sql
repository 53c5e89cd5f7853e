UPDATE checkpoints
SET next = $7,
    reference_next = greatest(reference_next, $8),
    change_no = change_no + $9,
    judged_at = greatest(judged_at, $10),
    updated_at = now()
WHERE projection = $1 AND version = $2 AND generation = $3 AND partition = $4
  AND next = $5 AND epoch = $6
-- Whoever waits for changes is told with the commit, if there are any.
RETURNING change_no, CASE WHEN $9 > 0 THEN pg_notify('touchstone_changed', '') END AS told
