-- $1 events of whose looks the log alone tells from now on.
DELETE FROM looks WHERE event_id = ANY ($1::uuid[])
