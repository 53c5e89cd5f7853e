"""What is filled in beside the tables' names, for statements that leave it open."""

from __future__ import annotations

from collections.abc import Mapping

from projections.case_board.projection import CaseBoard
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.rows.row_tables import tables_of

_HOMES = tables_of(ValueTiers())["standings"].name
_CASES = tables_of(CaseBoard())["cases"].name
_NEVER = "TIMESTAMPTZ '9999-12-31T00:00:00+00:00'"
_AMOUNTS = "i.currency, -i.balance_minor, i.customer_id, i.item_id"
_ARMS = " UNION ALL ".join(
    "(SELECT i.* FROM receivables_v{version}_items i WHERE i.status = 'open'"
    f" AND i.currency = ANY($1) AND i.branch_id = {branch} ORDER BY {_AMOUNTS} LIMIT $4)"
    for branch in ("$2", "$3")
).format(version=Receivables.version)
_ANSWERED = (
    "SELECT count(*) FROM {cycles} y WHERE y.customer_id = c.customer_id"
    " AND y.case_id = c.case_id AND y.response_breached_at IS NOT NULL"
)
_OPENED = "true AND c.opened_on BETWEEN $1 AND $2 AND c.department = $3"

PARTS: Mapping[str, Mapping[str, str]] = {
    "alerts/count_standing_alerts": {"conditions": "branch_id = $1", "limit": "$2"},
    "alerts/standing_alerts": {
        "conditions": "state = $1 AND state <> 'open'",
        "order": "since DESC, alert_id DESC", "limit": "$2",
    },
    "alerts/alerts_found": {
        "conditions": "state = $1 AND state <> 'open'", "limit": "$2",
    },
    "cases/board": {"named": "$1", "branch": "w.branch_id = $2", "limit": "$3"},
    "cases/board_sums": {"branch": "TRUE"},
    "cases/deadlines": {
        "after": "$1", "by": "$2", "limit": "$3", "branch": "TRUE", "department": "TRUE",
        "response": "TRUE", "solution": "TRUE", "callback": "TRUE", "obligation": "TRUE",
    },
    "cases/owners": {"branch": "TRUE", "in_charge": "TRUE", "owing": "TRUE", "limit": "$2"},
    "cases/cases": {
        "arms": " UNION ALL ".join(
            f"(SELECT c.* FROM {_CASES} c WHERE c.status IN ('open', 'waiting') AND c.owner = $1"
            f" AND c.solution_due_at {there} ORDER BY c.solution_due_at, c.customer_id, c.case_id"
            " LIMIT $2)"
            for there in ("IS NOT NULL", "IS NULL")
        ),
        "order": f"coalesce(c.solution_due_at, {_NEVER}), c.customer_id, c.case_id",
        "limit": "$2",
    },
    "cases/count_cases": {
        "conditions": "c.status IN ('open', 'waiting') AND c.owner = $1", "limit": "$2",
    },
    "cases/cases_found": {
        "conditions": "c.status IN ('open', 'waiting') AND c.owner = $1", "limit": "$2",
    },
    "cases_found": {
        "conditions": "c.status IN ('open', 'waiting') AND c.owner = $1", "limit": "$2",
    },
    "customers_found": {"joins": "", "conditions": "i.branch_id = $1", "limit": "$2"},
    "credit/count_work": {
        "items_joins": "", "items_where": "i.branch_id = $1", "limit": "$3",
        "requests_where": "r.branch_id = $1 AND (r.stage <> 'refused' OR r.since_on > $2)",
    },
    "credit/customers_with_work": {
        "items_joins": "", "items_where": "i.branch_id = $1", "limit": "$3",
        "requests_where": "r.branch_id = $1 AND (r.stage <> 'refused' OR r.since_on > $2)",
    },
    "credit/work": {
        "items_arms": f"SELECT i.* FROM receivables_v{Receivables.version}_items i"
        " WHERE i.status = 'open' AND i.branch_id = $1"
        " ORDER BY i.due_on, i.customer_id, i.item_id, 'item'::text LIMIT $3",
        "items_order": "i.due_on, i.customer_id, i.item_id, 'item'::text",
        "requests_arms": f"SELECT r.* FROM receivables_v{Receivables.version}_requests r"
        " WHERE r.branch_id = $1 AND (r.stage <> 'refused' OR r.since_on > $2)"
        " ORDER BY r.since_on, r.customer_id, r.request_id, r.kind LIMIT $3",
        "requests_order": "r.since_on, r.customer_id, r.request_id, r.kind",
        "order": "w.day, w.customer_id, w.ref, w.source",
        "limit": "$3",
    },
    "service/behind": {
        "amount": _ANSWERED, "conditions": _OPENED, "limit": "$4",
        "order": "c.opened_at DESC, c.customer_id DESC, c.case_id DESC",
    },
    "service/behind_sums": {"amount": _ANSWERED, "conditions": _OPENED},
    "search_found": {
        "conditions": "tokens @> $1::bigint[] AND tokens && $2::bigint[]", "limit": "1000",
        "few": "1000",
    },
    "search_recent": {"conditions": "tokens @> $1::bigint[]", "among": "1000", "limit": "20"},
    "search_referred": {
        "conditions": "r.ending = $1 AND s.branch_id = ANY ($2::text[])", "limit": "20",
    },
    "receivables/customers_found": {"joins": "", "conditions": "i.branch_id = $1", "limit": "$2"},
    "receivables/count_open_items": {"joins": "", "conditions": "i.branch_id = $1", "limit": "$2"},
    "customers/count_listed": {
        "source": f"{_HOMES} s", "conditions": "s.tier = $1", "limit": "$2",
    },
    "customers/sum_listed": {
        "source": f"{_HOMES} s", "conditions": "s.tier = $1", "limit": "$2",
    },
    "customers/listed": {
        "arms": " UNION ALL ".join(
            f"(SELECT s.* FROM {_HOMES} s WHERE s.branch_id = {branch}"
            " ORDER BY -s.score_minor, s.customer_id LIMIT $3)"
            for branch in ("$1", "$2")
        ),
        "order": "-s.score_minor, s.customer_id",
        "limit": "$3",
    },
    "receivables/open_currencies": {
        "branches": "unnest($1::text[])", "branch": "i.branch_id = b.branch_id",
    },
    "receivables/sum_open_items": {"joins": "", "conditions": "i.branch_id = $1", "limit": "$2"},
    "receivables/open_items": {"arms": _ARMS, "order": _AMOUNTS, "limit": "$4"},
}  # fmt: skip
