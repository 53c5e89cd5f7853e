-- $1 file: the refused rows of an earlier pass.
DELETE FROM import_rows WHERE import_id = $1;
