WITH claimed AS (UPDATE generations SET log = 'kafka' WHERE generation = $1)
UPDATE log_heads SET keeper = 'kafka' WHERE generation = $1;
