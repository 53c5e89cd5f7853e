-- $1 customer, $2 head, $3 branch, $4 whether a home was named, $5 tokens, $6 when something takes
-- effect, $7 read at. What was read later stays; what is the same is not written.
INSERT INTO search_customers AS s (customer_id, head, branch_id, home_named, tokens, due_at, read_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (customer_id) DO UPDATE
SET head = excluded.head, branch_id = excluded.branch_id, home_named = excluded.home_named,
    tokens = excluded.tokens, due_at = excluded.due_at, read_at = excluded.read_at
WHERE s.read_at <= excluded.read_at
  AND (s.head, s.branch_id, s.home_named, s.tokens, s.due_at)
      IS DISTINCT FROM (excluded.head, excluded.branch_id, excluded.home_named, excluded.tokens,
                        excluded.due_at);
