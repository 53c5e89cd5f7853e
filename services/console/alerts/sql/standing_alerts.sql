-- One page of standing alerts, the newest first; conditions and parameters come from the filter.
SELECT *
FROM {alerts} AS alerts
WHERE {conditions}
ORDER BY since DESC, alert_id
LIMIT {limit}
