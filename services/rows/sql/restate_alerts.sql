-- The same episodes stand on: $1 which, $2 branch, $3 amount, $4 state, $5 by whom, $6 when,
-- $7 until when, $8 delegate. The journal keeps what they were raised with.
UPDATE alerts a
SET branch_id = r.branch_id, amount_minor = r.amount_minor, state = r.state,
    state_by = r.state_by, state_at = r.state_at, until = r.until, delegate = r.delegate
FROM unnest($1::text::uuid[], $2::text::text[], $3::text::bigint[], $4::text::text[],
            $5::text::text[], $6::text::timestamptz[], $7::text::timestamptz[], $8::text::text[])
     AS r (alert_id, branch_id, amount_minor, state, state_by, state_at, until, delegate)
WHERE a.alert_id = r.alert_id
