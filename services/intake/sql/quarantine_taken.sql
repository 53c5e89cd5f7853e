-- $1 branch, $2 ids: how much of its room is taken by what waits, and which of these lie here
-- already, settled ones too.
SELECT count(*) FILTER (WHERE state = 'waiting') AS events, coalesce(sum(octet_length(sealed)), 0)::bigint AS bytes,
    coalesce(array_agg(quarantine_id::text) FILTER (WHERE quarantine_id = ANY ($2::uuid[])), '{}')
        AS known
FROM quarantine WHERE branch_id = $1;
