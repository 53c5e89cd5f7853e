-- $1 generation and, by checkpoint, what to begin it with.
INSERT INTO checkpoints (projection, version, generation, partition, next, reference_next,
    judged_at, settled)
SELECT projection, version, $1, partition, next, reference_next, judged_at, settled
FROM unnest($2::text[], $3::integer[], $4::smallint[], $5::bigint[], $6::integer[], $7::timestamptz[],
            $8::integer[])
    AS c (projection, version, partition, next, reference_next, judged_at, settled);
