-- $1 instant: let go of what was handed in before it.
DELETE FROM imports WHERE received_at < $1 AND state NOT IN ('trying', 'importing');
