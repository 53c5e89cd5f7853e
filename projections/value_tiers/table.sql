-- The indexes that the pyramid and the customer lists read by.
CREATE INDEX IF NOT EXISTS {standings}_by_tier
    ON {standings} (tier, (-score_minor), customer_id);
CREATE INDEX IF NOT EXISTS {standings}_by_branch
    ON {standings} (branch_id, tier, (-score_minor), customer_id);
CREATE INDEX IF NOT EXISTS {standings}_by_drop
    ON {standings} (drop_at, customer_id) WHERE drop_at IS NOT NULL;
