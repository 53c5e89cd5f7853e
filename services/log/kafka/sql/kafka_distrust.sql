-- A topic that lost acknowledged events is never trusted again, whatever it holds later.
UPDATE kafka_topics SET topic_id = '00000000-0000-0000-0000-000000000000' WHERE name = $1;
