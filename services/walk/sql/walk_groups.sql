-- $1 first customer and $2 the first one not in the part (null: no bound): its customers whom merges
-- connect with others, each with all of them.
SELECT mine.customer_id, ARRAY(SELECT customer_id FROM merged_with(mine.customer_id)) AS members
FROM (
    SELECT customer_id FROM events
    WHERE type = 'customer.merged' AND customer_id IS NOT NULL
      AND ($1::text IS NULL OR customer_id >= $1) AND ($2::text IS NULL OR customer_id < $2)
    UNION
    SELECT merged_into(data) FROM events
    WHERE type = 'customer.merged' AND customer_id IS NOT NULL AND merged_into(data) IS NOT NULL
      AND ($1::text IS NULL OR merged_into(data) >= $1)
      AND ($2::text IS NULL OR merged_into(data) < $2)
) AS mine
