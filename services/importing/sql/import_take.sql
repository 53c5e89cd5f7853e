-- $1 branch, $2 mapping, $3 name, $4 bytes, $5 who, $6 now: a file that is to be tried.
INSERT INTO imports (branch_id, mapping, file_name, bytes, staff_id, received_at, state)
VALUES ($1, $2, $3, $4, $5, $6, 'trying')
RETURNING import_id;
