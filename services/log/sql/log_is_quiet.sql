-- $1 generation, $2 partition, $3 the first event not taken in.
-- Holds the partition's head still: an append that is under way is waited for, and one that
-- comes after is stamped later than the deadlines judged here. A topic may hold more than was
-- confirmed: copies that a crash left behind.
SELECT next_n <= $3 AND pending = 0 FROM log_heads
WHERE generation = $1 AND partition = $2
FOR SHARE
