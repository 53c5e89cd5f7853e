-- $1 past, $2 customers that the walk meets, $3 how many are done.
UPDATE pasts SET customers = $2, done = $3 WHERE past_id = $1;
