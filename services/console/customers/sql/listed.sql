-- One page of customers; its arms, each read along an index as far as the page, their conditions,
-- order and parameters come from the list's filter.
SELECT s.* FROM ({arms}) AS s
ORDER BY {order}
LIMIT {limit}
