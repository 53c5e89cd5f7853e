SELECT event_id, generation, partition, n FROM events WHERE event_id = ANY ($1::uuid[])
