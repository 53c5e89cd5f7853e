-- $1 sources: those that are streams with an event.
SELECT source FROM admissions WHERE source = ANY ($1) AND epoch = 0 AND sequence = 1;
