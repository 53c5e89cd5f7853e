-- $1 class, $2 keys that the session holds and lets go, $3 keys in ascending order: alone append to
-- these partitions until the end of the transaction; $4 generation, $5 partitions, $6 how many:
-- what is to be appended next, in order.
SELECT * FROM take_pending($1, $2::int[], $3::int[], $4, $5::smallint[], $6);
