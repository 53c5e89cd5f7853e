SELECT partition, next, reference_next, change_no FROM checkpoints
WHERE projection = $1 AND version = $2 AND generation = $3
