-- $1 generation, $2 partitions, $3 now, $4 who keeps the log, $5 streams to be found, $6 streams
-- whose versions are told: own the partitions until the end of the transaction.
SELECT * FROM lock_streams($1, $2::smallint[], $3, $4, $5::text[], $6::text[]);
