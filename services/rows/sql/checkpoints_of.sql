SELECT partition, next, settled, change_no FROM checkpoints
WHERE projection = $1 AND version = $2 AND generation = $3
