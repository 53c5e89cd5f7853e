-- The sources of branches, each found by one step through the index, with the last event of each by
-- its number and how many numbers are missing among the latest. $1 how many sources, $2 how many
-- numbers. In braces: all admissions and events, or those that somebody sees.
WITH RECURSIVE found (source) AS (
    (SELECT a.source FROM {admissions} a
     WHERE a.source >= '/branches/' AND a.source < '/branches0' ORDER BY a.source LIMIT 1)
    UNION ALL
    SELECT (SELECT a.source FROM {admissions} a
            WHERE a.source > f.source AND a.source < '/branches0' ORDER BY a.source LIMIT 1)
    FROM found f WHERE f.source IS NOT NULL
)
SELECT f.source,
       split_part(f.source, '/', 3) AS branch_id,
       last.epoch,
       last.sequence,
       e.recorded_at,
       e.created_at,
       e.sent_at,
       e.collected_at,
       coalesce(gaps.missing, 0)::bigint AS missing
FROM (SELECT source FROM found WHERE source IS NOT NULL LIMIT $1) f
CROSS JOIN LATERAL (
    SELECT a.epoch, a.sequence, a.event_id FROM {admissions} a WHERE a.source = f.source
    ORDER BY a.epoch DESC, a.sequence DESC LIMIT 1
) last
LEFT JOIN {events} e USING (event_id)
LEFT JOIN LATERAL (
    SELECT max(n.sequence) - min(n.sequence) + 1 - count(*) AS missing
    FROM (
        SELECT a.sequence FROM {admissions} a
        WHERE a.source = f.source AND a.epoch = last.epoch AND a.sequence <= last.sequence
        ORDER BY a.sequence DESC LIMIT $2
    ) n
) gaps ON last.sequence IS NOT NULL
ORDER BY f.source
