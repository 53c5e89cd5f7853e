-- These events lie in the topic now: $2 partitions, $3 ids, $4 offsets. Returns the partitions
-- in which an offset was given that had been reached before; then nothing is confirmed.
SELECT * FROM confirm_appended($1, $2::smallint[], $3::uuid[], $4::bigint[]);
