-- $1 generation; $2 customers, $3 their partitions, $4 how many events of it were taken in.
-- A customer stays in one partition, so the row comparison reads no event beyond that. The sum
-- keeps it from the primary key's index, by which every customer would cost a walk of the whole
-- log: the dossier's own index is the one to use.
SELECT e.*
FROM unnest($2::text[], $3::smallint[], $4::bigint[]) AS reader (customer_id, partition, taken_in)
CROSS JOIN LATERAL kept_place($1::smallint, reader.partition, reader.taken_in) AS upto
CROSS JOIN LATERAL (
    SELECT * FROM events
    WHERE events.customer_id = reader.customer_id
        AND (events.generation + 0, events.partition, events.n)
            < (upto.generation, reader.partition, upto.n)
) AS e
ORDER BY e.customer_id, e.generation, e.partition, e.n;
