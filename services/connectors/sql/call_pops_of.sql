-- $1 staff, $2 since when at the earliest: what rings or runs at their telephones, taken ones first.
SELECT feed, call_id, staff_id, branch_id, direction, line, customers, sealed, is_taken, since
FROM call_pops
WHERE staff_id = ANY ($1::text[]) AND since >= $2
ORDER BY staff_id, is_taken DESC, since, feed, call_id;
