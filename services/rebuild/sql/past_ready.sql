-- $1 past, $2 now, $3 customers that were walked, $4 of whom nothing can be told.
UPDATE pasts SET ready_at = $2, customers = $3, done = $3, left_out = $4 WHERE past_id = $1;
