-- The branches that ever had a feed.
SELECT DISTINCT branch_id FROM feeds ORDER BY branch_id;
