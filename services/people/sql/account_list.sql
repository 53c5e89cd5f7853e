-- $1 staff_id or null: accounts as they may be shown; $2 now, $3 sessions seen since count.
SELECT a.staff_id, a.administrator, a.password_hash IS NOT NULL AS has_password, a.password_set_at,
    a.totp_since IS NOT NULL AS second_factor,
    cardinality(a.recovery_hashes) AS recovery_codes,
    a.failures, CASE WHEN a.locked_until > $2 THEN a.locked_until END AS locked_until, a.locked_at,
    a.made_at,
    (SELECT max(l.ends_at) FROM staff_links l
        WHERE l.staff_id = a.staff_id AND l.ends_at > $2) AS link_until,
    (SELECT count(*) FROM staff_sessions s
        WHERE s.staff_id = a.staff_id AND s.ends_at > $2 AND s.seen_at > $3) AS sessions
FROM staff_accounts a
WHERE $1::text IS NULL OR a.staff_id = $1
ORDER BY a.staff_id;
