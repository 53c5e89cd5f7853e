-- $1 customers, $2 types: their payments and what became of them, in the order in which they count.
SELECT customer_id, event_id, data FROM events
WHERE customer_id = ANY ($1::text[]) AND type = ANY ($2::text[])
ORDER BY effective_at, source COLLATE "C", epoch, sequence, event_id;
