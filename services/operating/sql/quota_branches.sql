-- What each branch has taken of its quarantine, the fullest first.
SELECT branch_id, count(*) FILTER (WHERE state = 'waiting') AS events,
       coalesce(sum(octet_length(sealed)), 0)::bigint AS bytes
FROM quarantine GROUP BY branch_id ORDER BY 3 DESC, 1
