-- Keep refused events; one refused before in the same words for the same reason is counted.
INSERT INTO quarantine (
    quarantine_id, received_at, last_received_at, times, branch_id, event_id, type, code, field,
    reason, remedy, sealed
)
SELECT id, $1, $1, times, $2, event_id, type, code, field, reason, remedy, sealed
FROM unnest(
    $3::uuid[], $4::int[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::bytea[]
) AS q (id, times, event_id, type, code, field, reason, remedy, sealed)
ORDER BY id
ON CONFLICT (quarantine_id) DO UPDATE
SET times = quarantine.times + excluded.times, last_received_at = excluded.last_received_at;
