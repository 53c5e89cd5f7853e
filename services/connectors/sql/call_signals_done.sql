-- $1 feed, $2 call, $3 before when: the signals of a call that is recorded, and those of calls
-- whose end never came.
DELETE FROM call_signals WHERE feed = $1 AND (call_id = $2 OR at < $3);
