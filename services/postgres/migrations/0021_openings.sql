-- How far each partition was looked at for complaints and requests, which open cases. What an
-- earlier version recorded opens none: its cases were published.
CREATE TABLE opening_places (
    partition smallint PRIMARY KEY,
    generation smallint NOT NULL,
    n bigint NOT NULL
);
INSERT INTO opening_places (partition, generation, n)
SELECT partition, generation, next_n FROM log_heads
WHERE generation = (SELECT max(generation) FROM log_heads) AND partition < 12;
