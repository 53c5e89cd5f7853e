-- The same episodes stand on, for other amounts: the journal keeps what they were raised with.
UPDATE alerts a SET branch_id = r.branch_id, amount_minor = r.amount_minor
FROM unnest($1::text::uuid[], $2::text::text[], $3::text::bigint[])
     AS r (alert_id, branch_id, amount_minor)
WHERE a.alert_id = r.alert_id
