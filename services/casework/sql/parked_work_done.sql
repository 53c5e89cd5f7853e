-- $1 work, $2 task.
DELETE FROM parked_work WHERE work = $1 AND id = $2;
