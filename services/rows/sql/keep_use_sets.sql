-- $1 ids in ascending order, $2 what each set holds, one use per line.
INSERT INTO use_sets (uses_id, uses)
SELECT uses_id, CASE uses WHEN '' THEN '{}' ELSE string_to_array(uses, E'\n') END
FROM unnest($1::bigint[], $2::text[]) AS s (uses_id, uses)
ORDER BY uses_id
ON CONFLICT (uses_id) DO NOTHING
