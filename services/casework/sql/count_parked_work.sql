SELECT count(*) FROM parked_work;
