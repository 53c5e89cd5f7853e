-- $1 generation, $2 partitions, $3 now, $4 who keeps the log, $5 streams to be found, $6 streams
-- whose versions are told, $7 customers with $8 their partitions and $9 how far each was read: own
-- the partitions until the end of the transaction.
SELECT * FROM lock_streams(
    $1, $2::smallint[], $3, $4, $5::text[], $6::text[], $7::text[], $8::smallint[], $9::bigint[]
);
