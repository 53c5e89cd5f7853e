-- The projector assesses before its transaction: one that stands idle is of a frozen process.
-- Beside it nobody connects customers.
SELECT set_config('idle_in_transaction_session_timeout', '10s', true), hold_identities() AS ordinal
