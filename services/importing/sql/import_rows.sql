-- $1 file: its refused rows in order.
SELECT sealed FROM import_rows WHERE import_id = $1 ORDER BY n;
