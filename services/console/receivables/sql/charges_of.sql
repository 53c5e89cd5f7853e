-- What is charged on some items. $1 their customers, $2 their ids.
SELECT c.*
FROM unnest($1::text[], $2::text[]) AS asked (customer_id, item_id)
JOIN {charges} c USING (customer_id, item_id)
