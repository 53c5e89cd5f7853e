SELECT count(*) FROM projection_heads WHERE projection = $1 AND version = $2
