-- What belongs to a branch alone is found by the branch: few events, among all there are.
CREATE INDEX events_of_nobody ON events (branch_id) WHERE customer_id IS NULL;
