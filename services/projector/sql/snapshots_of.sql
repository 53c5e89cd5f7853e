-- $1 projections that are told of the same facts, $2 the first one's version, $3 code, $4 generation, $5 where the reader stands, $6 where the latest
-- event of the reference stream stands that any of them reads, $7 how many there are,
-- $8 customers, $9 the bytes of the largest content that is read at once with the others'; null
-- stands for a larger one; $10 the first projection, $11 its version. Where rows were written under other rules, or
-- nothing was written of what came because the customer was parked, none serves.
SELECT s.customer_id, s.upto, s.assessed_at, h.assessed_at AS written_at,
       CASE WHEN octet_length(s.content) <= $9 THEN s.content END AS content
FROM dossier_snapshots s
JOIN projection_heads h USING (customer_id)
WHERE h.projection = $10 AND h.version = $11
  AND s.projection = $1 AND s.version = $2 AND s.code = $3 AND s.generation = $4 AND s.upto <= $5
  AND h.parked_reason IS NULL AND s.policy_count = $6 AND h.policy_count BETWEEN $6 AND $7
  AND h.assessed_at >= s.assessed_at AND s.customer_id = ANY($8::text[])
