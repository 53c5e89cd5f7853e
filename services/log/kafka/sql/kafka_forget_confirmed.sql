-- A confirmation that was written after the mirror had taken its event was not seen by it.
DELETE FROM log_confirmed c USING mirror_heads m
WHERE m.generation = c.generation AND m.partition = c.partition AND c.n < m.next
    AND EXISTS (SELECT FROM events e WHERE e.event_id = c.event_id);
