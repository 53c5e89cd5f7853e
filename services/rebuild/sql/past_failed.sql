-- $1 past, $2 why it cannot be walked.
UPDATE pasts SET why = $2 WHERE past_id = $1;
