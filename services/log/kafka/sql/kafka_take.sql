-- $1 class, $2 keys in ascending order: alone append to these partitions until the end of the
-- transaction; $3 generation, $4 partitions, $5 how many: what is to be appended next, in order.
SELECT * FROM take_pending($1, $2::int[], $3, $4::smallint[], $5);
