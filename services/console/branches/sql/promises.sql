-- How promises to pay were kept, by branch of the customers who gave them.
SELECT coalesce(a.branch_id, '') AS branch_id,
       sum(a.promises_kept)::bigint AS kept,
       sum(a.promises_broken)::bigint AS broken,
       sum(a.promises_live)::bigint AS live
FROM {accounts} a
WHERE a.promises_kept + a.promises_broken + a.promises_live > 0
GROUP BY 1
