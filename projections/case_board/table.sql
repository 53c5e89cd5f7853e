-- The indexes that the case board's pages read by: what is under way, and what is owed.
CREATE INDEX IF NOT EXISTS {cases}_by_due
    ON {cases} (solution_due_at, customer_id, case_id) WHERE status IN ('open', 'waiting');
CREATE INDEX IF NOT EXISTS {cases}_by_branch
    ON {cases} (branch_id, solution_due_at, customer_id, case_id)
    WHERE status IN ('open', 'waiting');
CREATE INDEX IF NOT EXISTS {cases}_by_owner
    ON {cases} (owner, solution_due_at, customer_id, case_id) WHERE status IN ('open', 'waiting');
CREATE INDEX IF NOT EXISTS {cases}_by_urgency
    ON {cases} (
        coalesce(department, ''), (solution_breached_at IS NULL),
        (CASE WHEN response_met_at IS NULL AND response_breached_at IS NULL
              AND response_due_at IS NOT NULL THEN response_due_at ELSE solution_due_at END),
        customer_id, case_id
    ) WHERE status IN ('open', 'waiting');
CREATE INDEX IF NOT EXISTS {cases}_escalated
    ON {cases} ((-escalation), solution_due_at, customer_id, case_id) WHERE escalation IS NOT NULL;
CREATE INDEX IF NOT EXISTS {cases}_to_call_back
    ON {cases} (callback_due_at, customer_id, case_id) WHERE status = 'resolved';
CREATE INDEX IF NOT EXISTS {cases}_put_off
    ON {cases} (put_off_until, customer_id, case_id) WHERE put_off_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS {cases}_by_case ON {cases} (case_id);
CREATE INDEX IF NOT EXISTS {obligations}_by_department
    ON {obligations} (department, due_at, customer_id, case_id) WHERE status = 'open';
CREATE INDEX IF NOT EXISTS {departments}_by_department
    ON {departments} (department, customer_id, case_id) WHERE since IS NOT NULL;
CREATE INDEX IF NOT EXISTS {cases}_to_answer
    ON {cases} (response_due_at, customer_id, case_id)
    WHERE status IN ('open', 'waiting') AND response_met_at IS NULL;
CREATE INDEX IF NOT EXISTS {obligations}_by_due
    ON {obligations} (due_at, customer_id, case_id, obligation_id) WHERE status = 'open';
CREATE INDEX IF NOT EXISTS {cases}_by_opening
    ON {cases} (opened_on, customer_id, case_id);
CREATE INDEX IF NOT EXISTS {callbacks}_open
    ON {callbacks} (due_at, customer_id, callback_id) WHERE status = 'open';
