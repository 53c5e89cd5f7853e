-- The indexes that the pyramid and the customer lists read by.
CREATE INDEX IF NOT EXISTS {standings}_by_tier
    ON {standings} (tier, (-score_minor), customer_id);
CREATE INDEX IF NOT EXISTS {standings}_by_score
    ON {standings} ((-score_minor), customer_id);
CREATE INDEX IF NOT EXISTS {standings}_by_branch_score
    ON {standings} (branch_id, (-score_minor), customer_id);
CREATE INDEX IF NOT EXISTS {standings}_by_purchase
    ON {standings} (coalesce(last_purchase_on, DATE '0001-01-01'), customer_id);
CREATE INDEX IF NOT EXISTS {standings}_by_drop
    ON {standings} (drop_at, customer_id) WHERE drop_at IS NOT NULL;
