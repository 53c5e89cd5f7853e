-- These events lie in the topic now: $3 generation, $4 partitions, $5 ids, $6 offsets; $1 class and
-- $2 keys that the session holds until the transaction ends. Returns the partitions in which an
-- offset was given that had been reached before; then nothing is confirmed.
SELECT * FROM confirm_appended($1, $2::int[], $3, $4::smallint[], $5::uuid[], $6::bigint[]);
