-- $1 source, $2 epoch or null for the newest: the newest epoch, the one that is meant, and the
-- highest number that is taken there, also by an event that is not known to be durable yet.
WITH newest AS (
    SELECT max(epoch) AS epoch FROM admissions WHERE source = $1
)
SELECT newest.epoch AS newest,
       coalesce($2::bigint, newest.epoch, 0) AS epoch,
       coalesce((
           SELECT max(a.sequence) FROM admissions a
           WHERE a.source = $1 AND a.epoch = coalesce($2::bigint, newest.epoch, 0)
       ), 0) AS taken
FROM newest
