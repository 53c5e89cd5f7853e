-- $1 branches, $2 type, $3 how many: the latest money that no rule assigned, of these branches.
SELECT e.* FROM events e
WHERE e.customer_id IS NULL AND e.branch_id = ANY ($1::text[]) AND e.type = $2
ORDER BY e.recorded_at DESC, e.event_id
LIMIT $3;
