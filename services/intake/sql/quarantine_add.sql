-- Keep refused events; one refused before in the same words for the same reason is counted.
INSERT INTO quarantine (
    quarantine_id, received_at, last_received_at, times, branch_id, headquarters, event_id, type,
    code, field, reason, remedy, sealed_for, sealed, cut, source, epoch, sequence, reason_worded,
    remedy_worded
)
SELECT id, $1, $1, times, $2, $3, event_id, type, code, field, reason, remedy, sealed_for, sealed,
    cut, source, epoch, sequence, reason_worded, remedy_worded
FROM unnest(
    $4::uuid[], $5::int[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::text[], $12::text[], $13::bytea[], $14::boolean[], $15::text[], $16::bigint[],
    $17::bigint[], $18::text[], $19::text[]
) AS q (id, times, event_id, type, code, field, reason, remedy, sealed_for, sealed, cut, source,
    epoch, sequence, reason_worded, remedy_worded)
ORDER BY id
ON CONFLICT (quarantine_id) DO UPDATE
SET times = quarantine.times + excluded.times, last_received_at = excluded.last_received_at;
