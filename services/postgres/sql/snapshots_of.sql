-- $1 projection, $2 version, $3 code, $4 generation, $5 where the reader stands, $6 customers.
SELECT customer_id, upto, facts FROM dossier_snapshots
WHERE projection = $1 AND version = $2 AND code = $3 AND generation = $4 AND upto <= $5
  AND customer_id = ANY($6::text[])
