SELECT alert_id::text FROM {alerts} AS alerts
WHERE {conditions}
ORDER BY customer_id, alert_id
LIMIT {limit}
