UPDATE generations SET log = 'kafka' WHERE generation = $1;
