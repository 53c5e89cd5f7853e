-- $1 customers: all of their groups, so that no other transaction writes rows of these meanwhile.
-- Everybody locks in this order.
SELECT customer_id, group_id FROM identities
WHERE group_id IN (SELECT group_id FROM identities WHERE customer_id = ANY($1::text[]))
ORDER BY group_id, customer_id
FOR UPDATE
