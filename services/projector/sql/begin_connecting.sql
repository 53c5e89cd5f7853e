-- The same, where customers are to be connected: beside it nobody writes rows.
SELECT set_config('idle_in_transaction_session_timeout', '10s', true),
       hold_identities_alone() AS ordinal
