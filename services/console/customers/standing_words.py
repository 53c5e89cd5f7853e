"""What whoever speaks with a customer must know, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from services.audit.acts_tried import Way
from services.console.customers.standing import Heed, What
from services.console.receivables.words import ReceivablesWords
from services.console.shared.i18n import N_, Speaker
from services.console.shared.words import Named
from services.console.value.words import ValueWords

_HEEDS: Mapping[What, str] = {
    "gate": N_("The credit gate in %(currency)s is shut: %(reason)s."),
    "limit": N_("%(share)s of the credit limit of %(amount)s is used."),
    "disputed": N_("%(amount)s is disputed: do not press for it."),
    "held": N_("Dunning of %(amount)s is held."),
    "collection": N_("%(amount)s is with a collection agency: it settles with the customer."),
    "dunning": N_("Dunning level %(level)s was sent."),
    "dunning_due": N_("Dunning level %(level)s is to be sent now."),
    "promised_today": N_("%(amount)s is promised for today."),
    "owed_back": N_("A refund of %(amount)s that nothing covers is owed back."),
    "suspect": N_("%(amount)s may have been reported twice: confirm it, or reject it."),
    "tier": N_("The tier %(tier)s is about to be lost."),
    "near_dunning": N_(
        "Dunning level %(level)s falls due on %(day)s, if %(amount)s for %(subject)s is not paid."
    ),
    "near_gate": N_("The credit gate shuts on %(day)s, if %(amount)s for %(subject)s is not paid."),
    "callback": N_("A call was promised by %(instant)s: %(subject)s."),
}

_PLACES: Mapping[What, str] = {
    "gate": "#ways",
    "limit": "#ways",
    "broken": "#promises",
    "promised_today": "#promises",
    "owed_back": "#movements-list",
    "suspect": "#sources-list",
    "tier": "#value",
    "callback": "#callbacks",
    "late_cases": "#cases",
}

_DOINGS: Mapping[str, str] = {
    "set_limit": N_("a credit limit of %(amount)s"),
    "earn": N_("%(amount)s more of collected margin"),
    "reply": N_("the first answer"),
    "fulfil": N_("what %(department)s owes, done"),
    "resolve": N_("the solution"),
}

_GOALS: Mapping[str, str] = {
    "open_gate": N_("Any one of these opens the credit gate in %(subject)s"),
    "reach_tier": N_("Earns the tier %(subject)s"),
    "keep_tier": N_("Keeps the tier %(subject)s"),
    "keep_deadline": N_("Keeps the deadline of case %(subject)s"),
}


class StandingWords(Named):
    """Sentences about how a customer stands, and what would change it."""

    def __init__(self, speaker: Speaker) -> None:
        super().__init__(speaker)
        self._receivables = ReceivablesWords(speaker)
        self._value = ValueWords(speaker)

    def heed(self, one: Heed, zone: tzinfo) -> str:
        """Return what must be known, as a sentence."""
        say = self._speaker
        if one.what == "broken":
            assert one.on is not None
            text = say.ngettext(
                "%(num)s promise to pay was broken, on %(day)s.",
                "%(num)s promises to pay were broken, the last on %(day)s.",
                one.count,
            )
            return text % {"num": say.number(one.count), "day": say.day(one.on)}
        if one.what == "late_cases":
            text = say.ngettext(
                "%(num)s case is past its time.", "%(num)s cases are past their time.", one.count
            )
            return text % {"num": say.number(one.count)}
        money = say.money(one.amount_minor, one.currency) if one.amount_minor is not None else ""
        return self._(_HEEDS[one.what]) % {
            "amount": money,
            "currency": one.currency,
            "reason": self._receivables.refusal(one.subject or ""),
            "tier": self._value.tier(one.subject),
            "subject": self.usual(one.subject or ""),
            "share": "" if one.share is None else say.percent(one.share),
            "level": one.level,
            "day": "" if one.on is None else say.day(one.on),
            "instant": "" if one.at is None else say.instant(one.at, zone),
        }

    def place(self, one: Heed) -> str:
        """Return which part of the page tells more."""
        return _PLACES.get(one.what, "#items")

    def goal(self, way: Way, short: str) -> str:
        """Return what an act would change; `short` is what a case is called."""
        subject = way.subject
        if way.goal in ("reach_tier", "keep_tier"):
            subject = self._value.tier(subject)
        if way.goal == "keep_deadline":
            subject = short
        return self._(_GOALS[way.goal]) % {"subject": subject}

    def doing(self, way: Way, departments: Mapping[str, str]) -> str:
        """Return the act that would do it."""
        money = way.amount
        amount = "" if money is None else self._speaker.money(money.minor, money.currency)
        if way.doing == "pay":
            text = N_("a payment of %(amount)s for %(names)s") if way.names else ""
            text = text or N_("a payment of %(amount)s")
        else:
            text = _DOINGS[way.doing]
        department = departments.get(way.department or "", way.department or "")
        told = {"amount": amount, "names": ", ".join(way.names), "department": department}
        return self._(text) % told
