-- Nothing is computed inside the projector's transactions: one that waits is of a frozen process.
SET LOCAL idle_in_transaction_session_timeout = '10s'
