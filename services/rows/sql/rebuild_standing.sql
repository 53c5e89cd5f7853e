-- Of each customer asked for: $1 build, $2 version, $3 customer.
SELECT a.projection, a.customer_id, a.alert_id, a.kind, a.subject, a.threshold, a.branch_id,
       a.since, a.currency, a.amount_minor, a.state, a.state_by, a.state_at, a.until, a.delegate
FROM unnest($1::text::text[], $2::text::integer[], $3::text::text[])
     AS w (projection, version, customer_id)
JOIN rebuild_alerts a USING (projection, version, customer_id)
