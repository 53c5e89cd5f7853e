WITH adopted AS (
    UPDATE alerts SET version = $2 WHERE projection = $1 AND version = $3 AND version <> $2
)
UPDATE live_versions SET version = $2, since = now() WHERE projection = $1 AND version = $3
