SELECT a.alert_id::text FROM {alerts} AS a WHERE a.alert_id = ANY($1::text[]::uuid[])
