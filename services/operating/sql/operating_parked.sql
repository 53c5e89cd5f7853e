-- How many customers each live projection has parked, and how much casework could not do by itself.
SELECT l.projection AS work, count(h.customer_id) AS parked
FROM live_versions l
LEFT JOIN projection_heads h
    ON h.projection = l.projection AND h.version = l.version AND h.parked_reason IS NOT NULL
GROUP BY 1
UNION ALL
SELECT 'casework', count(*) FROM parked_work
ORDER BY 1
