-- $1 how many: the events that are to be appended to the log next, each with its looks.
SELECT t.event_id, t.staff_id, t.branch_id, t.last_at,
    l.look, l.at, l.customer_id, l.page
FROM (
    SELECT * FROM look_events WHERE NOT is_in_log ORDER BY last_look LIMIT $1
) AS t
JOIN looks l USING (event_id)
ORDER BY t.last_look, l.look
