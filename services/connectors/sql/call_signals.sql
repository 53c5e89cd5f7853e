-- $1 feed, $2 call: its signals, in the order in which they came.
SELECT digest, at, sealed FROM call_signals WHERE feed = $1 AND call_id = $2 ORDER BY at, digest;
