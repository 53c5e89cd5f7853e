-- How many refused events of each branch wait.
SELECT branch_id, count(*) AS events FROM quarantine WHERE state = 'waiting' GROUP BY branch_id
