-- $1 name, $2 now: out of use, and its secrets with it.
WITH gone AS (
    UPDATE feeds SET removed_at = $2 WHERE name = $1 AND removed_at IS NULL RETURNING name
), ended AS (
    UPDATE feed_secrets SET ended_at = $2
    WHERE feed IN (SELECT name FROM gone) AND ended_at IS NULL
)
SELECT name FROM gone;
