-- The past that waits for the longest.
SELECT * FROM pasts WHERE ready_at IS NULL AND why IS NULL ORDER BY asked_at, past_id LIMIT 1;
