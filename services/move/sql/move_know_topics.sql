-- $1 names, $2 ids: the topics that are being filled.
INSERT INTO kafka_topics (name, topic_id) SELECT * FROM unnest($1::text[], $2::uuid[])
ON CONFLICT (name) DO UPDATE SET topic_id = excluded.topic_id, first_seen_at = now();
