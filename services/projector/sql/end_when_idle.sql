-- The projector assesses before its transaction: one that stands idle is of a frozen process.
SET LOCAL idle_in_transaction_session_timeout = '10s'
