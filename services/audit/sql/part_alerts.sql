-- $1 projection, $2 version, $3 first customer and $4 the first one not in the part (null: no bound)
SELECT alert_id, kind, subject, threshold, customer_id, branch_id, since, currency, amount_minor,
       state, state_by, state_at, until, delegate
FROM alerts
WHERE projection = $1 AND version = $2
  AND ($3::text IS NULL OR customer_id >= $3) AND ($4::text IS NULL OR customer_id < $4)
