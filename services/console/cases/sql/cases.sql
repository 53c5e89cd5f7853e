-- One page of cases; its arms, each read along an index as far as the page, their conditions, order
-- and parameters come from the board's filter.
SELECT c.* FROM ({arms}) AS c
ORDER BY {order}
LIMIT {limit}
