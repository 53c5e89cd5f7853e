-- $1 projection, $2 version, $3 stored as: heads of customers that no event explains.
DELETE FROM projection_heads l
WHERE l.projection = $1 AND l.version = $2
  AND NOT EXISTS (SELECT FROM projection_heads b
                  WHERE b.projection = $3 AND b.version = $2 AND b.customer_id = l.customer_id)
