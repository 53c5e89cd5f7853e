UPDATE checkpoints
SET next = $7,
    reference_next = greatest(reference_next, $8),
    change_no = change_no + $9,
    judged_at = greatest(judged_at, $10),
    updated_at = now()
WHERE projection = $1 AND version = $2 AND generation = $3 AND partition = $4
  AND next = $5 AND epoch = $6
RETURNING change_no
