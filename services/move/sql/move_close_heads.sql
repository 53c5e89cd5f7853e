-- $1 generation, $2 where its partitions ended: nobody appends to it, nothing waits to be.
UPDATE log_heads SET closed = true, pending = 0, next_n = ($2::bigint[])[partition + 1] WHERE generation = $1;
