"""Cases of bank statements: what is known, documents handed in one after another, what came of it.

The directory here answers from plain lists and compares texts by Unicode alone, apart from the
product's own index.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from events.envelope import BranchId, CustomerId
from events.money import Money
from services.connectors.document import Document, Feed
from services.connectors.ports import (
    Directory,
    KnownPayment,
    Made,
    MadeEvent,
    Named,
    NamedKind,
    NotMade,
    OpenItem,
    Questions,
)
from services.connectors.registry import connector

CASES = Path(__file__).parents[1] / "data" / "connectors"
NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)


def plain(text: str) -> str:
    """Return a text without case, width and marks, by Unicode alone."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


@dataclass
class Books:
    """What is known, and what was published since."""

    named: dict[str, list[Named]] = field(default_factory=dict)
    bearers: dict[str, set[CustomerId]] = field(default_factory=dict)
    holders: dict[str, set[CustomerId]] = field(default_factory=dict)
    open_items: dict[CustomerId, list[OpenItem]] = field(default_factory=dict)
    payments: dict[CustomerId, list[KnownPayment]] = field(default_factory=dict)
    published: dict[str, dict[str, Any]] = field(default_factory=dict)

    def name(self, text: str, kind: NamedKind, id: str, customer: str) -> None:
        whose = CustomerId(customer)
        self.named.setdefault(plain(text), []).append(Named(kind, id, whose, whose))

    def answers(self, asked: Questions) -> Directory:
        assert all(text == plain(text) for text in asked.references | asked.names)
        return Directory(
            seen=asked.ids & self.published.keys(),
            named={one: self.named[one] for one in asked.references & self.named.keys()},
            holders={one: frozenset(some) for one, some in self.holders.items()},
            bearers={one: frozenset(some) for one, some in self.bearers.items()},
            open_items=self.open_items,
            payments={
                one: [p for p in some if p.amount in asked.returned]
                for one, some in self.payments.items()
            },
        )

    def take(self, made: MadeEvent) -> None:
        """Remember an event as the log would, and what it says of payments."""
        event: dict[str, Any] = dict(made.event)
        self.published[str(event["id"])] = event
        data, customer = event["data"], CustomerId(str(event.get("subject", "")))
        if event["type"] == "payment.payment_received":
            amount = Money(**data["amount"])
            self.payments.setdefault(customer, []).append(KnownPayment(data["payment_id"], amount))
        if event["type"] == "payment.reversed":
            self.payments[customer] = [
                KnownPayment(
                    p.payment_id, p.amount, p.is_reversed or p.payment_id == data["payment_id"]
                )
                for p in self.payments.get(customer, ())
            ]


def books_of(config: Mapping[str, Any]) -> Books:
    """Return what a case's configuration says is known."""
    books = Books()
    for invoice in config.get("invoices", ()):
        customer = invoice["customer"]
        for text in (invoice["invoice_id"], *invoice["references"]):
            books.name(text, "invoice", invoice["invoice_id"], customer)
        item = OpenItem(invoice["invoice_id"], Money(invoice["open"], invoice["currency"]))
        books.open_items.setdefault(CustomerId(customer), []).append(item)
    for order in config.get("orders", ()):
        books.name(order["order_id"], "order", order["order_id"], order["customer"])
    for customer in config.get("customers", ()):
        whose = CustomerId(customer["id"])
        for name in customer["names"]:
            books.bearers.setdefault(plain(name), set()).add(whose)
        for account in customer.get("accounts", ()):
            books.holders.setdefault(plain(account), set()).add(whose)
    for end_to_end, payment in config.get("our_payments", {}).items():
        books.name(end_to_end, "payment", payment["payment_id"], payment["customer"])
        amount = Money(payment["minor"], payment["currency"])
        books.payments.setdefault(CustomerId(payment["customer"]), []).append(
            KnownPayment(payment["payment_id"], amount)
        )
    return books


def feed_of(config: Mapping[str, Any], **settings: str) -> Feed:
    """Return the feed that a case configures."""
    if "account" in config:
        settings = {"account": config["account"], **settings}
    return Feed(
        name=config["feed"],
        format=config["connector"],
        branch=BranchId(config["branch"]),
        zone=config["zone"],
        currency=config.get("currency"),
        settings=settings,
    )


def hand_in(body: bytes, feed: Feed, books: Books, *, at_once: int = 500) -> Made:
    """Return what came of a document; what it made is in the books afterwards."""
    document = Document(feed=feed.name, name="document", body=body, received_at=NOW)
    reading = connector(feed.format).read(document, feed)
    events: list[MadeEvent] = []
    ignored: list[NotMade] = []
    seen: list[NotMade] = []
    for start in range(0, reading.lines, at_once):
        stop = min(start + at_once, reading.lines)
        made = reading.made(start, stop, books.answers(reading.asks(start, stop)))
        for one in made.events:
            books.take(one)
        events += made.events
        ignored += made.ignored
        seen += made.seen
    return Made(events=events, ignored=ignored, seen=seen)


def as_expected(made: Sequence[MadeEvent]) -> list[dict[str, Any]]:
    """Return touchpoints in the form of the cases, by id; a field that says nothing is null."""
    return sorted(
        (
            {
                "id": one.event["id"],
                "source": one.event["source"],
                "key": list(one.key),
                "block": one.block,
                "type": one.event["type"],
                "subject": one.event.get("subject"),
                "occurred_at": one.event["time"],
                "data": one.event["data"],
            }
            for one in made
            if not one.for_worklist
        ),
        key=lambda one: str(one["id"]),
    )


def expected_of(case: str) -> tuple[list[dict[str, Any]], Mapping[str, Any]]:
    """Return the touchpoints that a case expects, by id, and all that it expects."""
    expected = json.loads((CASES / case / "expected.json").read_text("utf-8"))
    touchpoints = [
        {**one, "data": {name: value for name, value in one["data"].items() if value is not None}}
        for one in expected["touchpoints"]
    ]
    return sorted(touchpoints, key=lambda one: str(one["id"])), expected


def config_of(case: str) -> Mapping[str, Any]:
    """Return what a case configures."""
    found: Mapping[str, Any] = json.loads((CASES / case / "config.json").read_text("utf-8"))
    return found
