-- One page of open items; its arms, each read along an index as far as the page, their conditions,
-- order and parameters come from the work list's filter.
SELECT i.* FROM ({arms}) AS i
ORDER BY {order}
LIMIT {limit}
