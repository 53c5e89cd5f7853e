-- $1 generation, $2 where its partitions ended: nobody appends to it any more.
UPDATE log_heads SET closed = true, next_n = ($2::bigint[])[partition + 1] WHERE generation = $1;
