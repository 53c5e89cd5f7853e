-- Who keeps the log is also said on the heads that every append locks: a process that began on
-- an unused log in PostgreSQL and still runs when Kafka is given it must notice.
ALTER TABLE log_heads ADD COLUMN keeper text NOT NULL DEFAULT 'embedded';
UPDATE log_heads h SET keeper = g.log FROM generations g WHERE g.generation = h.generation;
