-- One page of open items; conditions, order and parameters come from the work list's filter.
SELECT i.* FROM {items} i {joins}
WHERE i.status = 'open' AND {conditions}
ORDER BY {order}
LIMIT {limit}
