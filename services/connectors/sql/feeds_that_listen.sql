-- Whether any feed in use names a line that is kept open.
SELECT EXISTS (
    SELECT FROM feeds WHERE removed_at IS NULL AND coalesce(settings ->> 'manager', '') <> ''
);
