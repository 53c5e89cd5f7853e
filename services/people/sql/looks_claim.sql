-- $1 looks, $2 which event is to tell of each.
UPDATE looks SET event_id = told.event_id
FROM unnest($1::bigint[], $2::uuid[]) AS told (look, event_id)
WHERE looks.look = told.look
