-- $1 the instant before which looks happened, $2 how many: looks that no event tells of yet.
SELECT look, at, staff_id, branch_id, customer_id, page
FROM looks
WHERE event_id IS NULL AND at < $1
ORDER BY look
LIMIT $2
