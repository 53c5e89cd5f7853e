-- One page of the work of all phases; conditions, order and parameters come from the list's filter.
-- Either half walks an index in its order as far as the limit.
SELECT w.*, a.gate_refusal
FROM (
    (
        SELECT i.due_on AS day, i.customer_id, i.item_id AS ref, 'item' AS source,
               i.branch_id, i.currency, i.balance_minor AS amount_minor,
               i.kind AS item_kind, i.disputed, i.hold, i.dunning_level, i.dunning_due,
               i.promised_on, NULL::text AS purpose, NULL::text AS stage,
               NULL::timestamptz AS asked_at, NULL::timestamptz AS until,
               NULL::text AS refused_for, NULL::bigint AS exposure_minor,
               NULL::bigint AS limit_minor, NULL::bigint AS days_overdue,
               NULL::text AS override_role, NULL::date AS override_until
        FROM ({items_arms}) AS i
        ORDER BY {items_order}
        LIMIT {limit}
    )
    UNION ALL
    (
        SELECT r.since_on, r.customer_id, r.request_id, r.kind,
               r.branch_id, r.currency, r.amount_minor,
               NULL, NULL, NULL, NULL, NULL,
               NULL, r.purpose, r.stage,
               r.asked_at, r.until,
               r.refused_for, r.exposure_minor,
               r.limit_minor, r.days_overdue,
               r.override_role, r.override_until
        FROM ({requests_arms}) AS r
        ORDER BY {requests_order}
        LIMIT {limit}
    )
) AS w
LEFT JOIN {accounts} a ON a.customer_id = w.customer_id AND a.currency = w.currency
ORDER BY {order}
LIMIT {limit}
