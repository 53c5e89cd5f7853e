"""What to do next about an open item, an order or a credit check."""

from __future__ import annotations

from typing import Literal, get_args

from services.console.credit.work import Work

Step = Literal[
    "decide_limit",
    "decide_overdue",
    "decide",
    "ask_again",
    "go_ahead",
    "hold_delivery",
    "deliver",
    "invoice",
    "follow_invoice",
    "settle_dispute",
    "follow_agency",
    "await_promise",
    "see_hold",
    "send_notice",
    "send_level",
    "await_payment",
    "call",
]
STEPS: tuple[Step, ...] = get_args(Step)

_REFUSED: dict[str, Step] = {
    "limit_exceeded": "decide_limit",
    "overdue_too_long": "decide_overdue",
}

_HELD: dict[str, Step] = {
    "dispute": "settle_dispute",
    "collection": "follow_agency",
    "promise": "await_promise",
    "held": "see_hold",
}


def next_step(work: Work) -> Step:
    """Return what to do next. Source: domain rules, section 4."""
    return _about_item(work) if work.source == "item" else _about_request(work)


def _about_request(work: Work) -> Step:
    if work.stage == "delivered":
        return "invoice"
    if work.stage == "approved":
        return "go_ahead"
    if work.stage == "refused":
        if work.is_let_pass:
            return "ask_again"
        return _REFUSED.get(work.refused_for or "", "decide")
    return "hold_delivery" if work.gate_refusal and not work.is_let_pass else "deliver"


def _about_item(work: Work) -> Step:
    if work.item_kind in ("fee", "interest"):
        return "follow_invoice"
    if work.hold is not None:
        return _HELD[work.hold]
    if work.disputed:
        return "settle_dispute"
    if work.dunning_due is not None:
        return "send_level" if work.dunning_due else "send_notice"
    return "call" if work.phase == "overdue" else "await_payment"
