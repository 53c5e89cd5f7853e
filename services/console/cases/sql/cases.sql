-- One page of cases; conditions, order and parameters come from the board's filter.
SELECT c.* FROM {cases} c
WHERE {conditions}
ORDER BY {order}
LIMIT {limit}
