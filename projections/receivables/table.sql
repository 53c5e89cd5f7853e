-- The indexes that the receivables pages and reports read by.
CREATE INDEX IF NOT EXISTS {items}_by_due_day
    ON {items} (due_on, customer_id, item_id) WHERE status = 'open';
CREATE INDEX IF NOT EXISTS {items}_by_branch
    ON {items} (branch_id, due_on, customer_id, item_id) WHERE status = 'open';
CREATE INDEX IF NOT EXISTS {items}_by_amount
    ON {items} (currency, (-balance_minor), customer_id, item_id) WHERE status = 'open';
CREATE INDEX IF NOT EXISTS {items}_by_branch_amount
    ON {items} (branch_id, currency, (-balance_minor), customer_id, item_id)
    WHERE status = 'open';
CREATE INDEX IF NOT EXISTS {items}_by_level
    ON {items} ((-coalesce(dunning_level, -1)), due_on, customer_id, item_id) WHERE status = 'open';
CREATE INDEX IF NOT EXISTS {items}_disputed
    ON {items} (due_on, customer_id, item_id) WHERE status = 'open' AND disputed;
CREATE INDEX IF NOT EXISTS {items}_held
    ON {items} (due_on, customer_id, item_id) WHERE status = 'open' AND hold IS NOT NULL;
CREATE INDEX IF NOT EXISTS {items}_promised
    ON {items} (due_on, customer_id, item_id) WHERE status = 'open' AND promised_on IS NOT NULL;
CREATE INDEX IF NOT EXISTS {items}_by_promise
    ON {items} (promised_on, customer_id, item_id)
    WHERE status = 'open' AND promised_on IS NOT NULL;
CREATE INDEX IF NOT EXISTS {accounts}_overdue
    ON {accounts} (currency, (-overdue_minor), customer_id) WHERE overdue_minor > 0;
CREATE INDEX IF NOT EXISTS {requests}_by_day
    ON {requests} (since_on, customer_id, request_id);
CREATE INDEX IF NOT EXISTS {requests}_by_branch
    ON {requests} (branch_id, since_on, customer_id, request_id);
CREATE INDEX IF NOT EXISTS {requests}_by_amount
    ON {requests} (currency, (-amount_minor), customer_id, request_id);
CREATE INDEX IF NOT EXISTS {accounts}_promises
    ON {accounts} (branch_id) INCLUDE (promises_kept, promises_broken, promises_live)
    WHERE promises_kept + promises_broken + promises_live > 0;
