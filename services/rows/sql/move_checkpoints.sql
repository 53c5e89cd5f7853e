-- $1 generation, $2 how many events of the reference stream are known; of each projection and
-- partition $3 projection, $4 version, $5 partition, $6 where the checkpoint must stand, $7 whose
-- it must be, $8 where it stands then, $9 1 where readers see a change, $10 the instant judged.
-- They are locked in the order given, as who takes a partition does.
WITH asked AS (
    SELECT *
    FROM unnest($3::text::text[], $4::text::integer[], $5::text::smallint[], $6::text::bigint[],
                $7::text::bigint[], $8::text::bigint[], $9::text::integer[],
                $10::text::timestamptz[])
         WITH ORDINALITY
         AS a (projection, version, partition, next, epoch, upto, visible, judged_at, turn)
), ours AS MATERIALIZED (
    SELECT a.*
    FROM asked a
    JOIN checkpoints c USING (projection, version, partition)
    WHERE c.generation = $1 AND c.next = a.next AND c.epoch = a.epoch
    ORDER BY a.turn
    FOR UPDATE OF c
)
UPDATE checkpoints c
SET next = ours.upto,
    reference_next = greatest(c.reference_next, $2),
    change_no = c.change_no + ours.visible,
    judged_at = greatest(c.judged_at, ours.judged_at),
    updated_at = now()
FROM ours
WHERE c.projection = ours.projection AND c.version = ours.version AND c.generation = $1
  AND c.partition = ours.partition
-- Whoever waits for changes is told with the commit, if there are any.
RETURNING ours.turn, c.change_no,
    CASE WHEN ours.visible > 0 THEN pg_notify('touchstone_changed', '') END AS told
