-- The customers who have an open item that a filter finds; conditions and parameters come from it.
SELECT DISTINCT i.customer_id FROM {items} i {joins}
WHERE i.status = 'open' AND {conditions}
ORDER BY i.customer_id
LIMIT {limit}
