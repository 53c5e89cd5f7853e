SELECT name, topic_id FROM kafka_topics WHERE name = ANY ($1::text[]);
