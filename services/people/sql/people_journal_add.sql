-- $1 at, $2 by, $3 act, $4 staff_id, $5 about
INSERT INTO people_journal (at, by, act, staff_id, about) VALUES ($1, $2, $3, $4, $5);
