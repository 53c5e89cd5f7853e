DELETE FROM rebuild_alerts
WHERE projection = $1 AND version = $2 AND alert_id = ANY($3::text::uuid[])
