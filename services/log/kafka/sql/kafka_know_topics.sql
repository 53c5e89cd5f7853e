INSERT INTO kafka_topics (name, topic_id) SELECT * FROM unnest($1::text[], $2::uuid[])
ON CONFLICT (name) DO NOTHING;
