-- $1 generation, $2 the log that keeps the next one.
INSERT INTO generations (generation, log) VALUES ($1 + 1, $2);
