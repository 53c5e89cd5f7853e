-- One page of standing alerts; conditions, order and parameters come from the filter.
SELECT *
FROM {alerts} AS alerts
WHERE {conditions}
ORDER BY {order}
LIMIT {limit}
