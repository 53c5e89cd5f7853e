-- $1 generation: nothing of it is to be appended any more.
DELETE FROM log_pending WHERE generation = $1;
