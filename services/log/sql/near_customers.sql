-- $1 ids that somebody may have meant: those that any event names. One look into the index of
-- dossiers for each.
SELECT meant.customer_id
FROM unnest($1::text[]) AS meant (customer_id)
WHERE EXISTS (SELECT 1 FROM events e WHERE e.customer_id = meant.customer_id)
