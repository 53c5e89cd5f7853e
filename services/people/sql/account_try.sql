-- $1 staff_id: the account, for a try that is counted before it is judged.
SELECT staff_id, failures, locked_until, locked_at FROM staff_accounts WHERE staff_id = $1 FOR UPDATE;
