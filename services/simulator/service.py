"""Complaints and requests: what customers come with, and the cases that they open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from events.touchpoints.complaint import ComplaintFiled, ServiceKind, ServiceRequested, Severity
from services.simulator.casework import Owed, expect
from services.simulator.company import COSTS, clerk
from services.simulator.customers import Customer
from services.simulator.people import phone
from services.simulator.world import World

_SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "urgent")
_SEVERITY_WEIGHTS = (30, 42, 20, 8)
_KINDS: Mapping[ServiceKind, int] = {
    "enquiry": 35, "account_query": 25, "immediate_need": 20, "new_connection": 12,
    "membership": 8,
}  # fmt: skip
_DATED: frozenset[ServiceKind] = frozenset({"immediate_need", "new_connection"})
"""Requests for a day that the customer names."""

_FIRST_CONTACT = ("service", "service", "service", "service", "sales", "logistics", "finance")
_OWES = {
    "delivery": ("logistics", "replacement"),
    "quality": ("engineering", "inspection"),
    "installation": ("engineering", "installation"),
    "billing": ("finance", "credit_note"),
    "attitude": ("sales", "explanation"),
}
"""By category of complaint: the department that mostly owes something, and what."""

_TEXTS = {
    "delivery": "送货比约定晚了两天，没有人提前通知",
    "quality": "外包装破损，面板有划痕",
    "installation": "安装后噪音很大，请尽快派人检查",
    "billing": "发票金额与合同不一致",
    "attitude": "电话打了几次没有人接",
}


def complain(world: World, customer: Customer, order_id: str, when: datetime) -> None:
    """File a complaint about an order and let the departments work on it."""
    dice = customer.dice
    category = dice.choice(tuple(_OWES))
    department = dice.choice(_FIRST_CONTACT)
    severity = dice.choices(_SEVERITIES, _SEVERITY_WEIGHTS)[0]
    owner = clerk(customer.branch.branch_id, department, dice)
    filed = ComplaintFiled(
        severity=severity,
        category=category,
        department=department,
        agent=owner,
        order_id=order_id,
    )
    personal = {"text": _TEXTS[category], "callback_phone": phone(dice)}
    reported = world.report(customer, "service", when, filed, personal)
    customer.earn(when, COSTS.per_complaint, -1)
    owes: list[Owed] = [_OWES[category]] if dice.random() < 0.5 else []
    if owes and dice.random() < 0.3:
        owes.append(("finance", "refund") if category == "attitude" else ("sales", "credit_note"))
    expect(world, customer, reported, owes, None, when)


def request(world: World, customer: Customer, when: datetime) -> None:
    """Ask the service desk for something, and again some months later."""
    dice = customer.dice
    kind = dice.choices(tuple(_KINDS), tuple(_KINDS.values()))[0]
    owner = clerk(customer.branch.branch_id, "service", dice)
    days = dice.randrange(2, 9) if kind in _DATED else None
    asked = ServiceRequested(
        kind=kind,
        severity="medium" if kind in _DATED else "low",
        department="service",
        agent=owner,
        wanted_by=None if days is None else world.told_instant(when) + timedelta(days=days),
    )
    reported = world.report(customer, "service", when, asked, {"text": "咨询产品与账户事宜"})
    owes: list[Owed] = [("engineering", "installation")] if kind == "new_connection" else []
    expect(world, customer, reported, owes, days, when)
    world.in_days(customer, when, dice.uniform(200.0, 800.0), partial(request, world, customer))
