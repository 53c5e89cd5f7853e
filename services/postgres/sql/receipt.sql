-- $1 event, $2 branch: where the log holds it.
SELECT generation, partition, n, recorded_at FROM events WHERE event_id = $1 AND branch_id = $2;
