"""What codes of the read model are called on a page, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from services.console.i18n import N_, Speaker

_ALERTS: Mapping[str, str] = {
    "due_soon": N_("Due soon"),
    "overdue": N_("Overdue"),
    "dunning_due": N_("Dunning due"),
    "limit_exceeded": N_("Credit limit exceeded"),
    "broken_promise": N_("Promise to pay broken"),
}
ALERT_KINDS = tuple(_ALERTS)

_ACTIONS: Mapping[str, str] = {
    "raised": N_("raised"),
    "withdrawn": N_("withdrawn"),
}

_CAUSES: Mapping[str, str] = {
    "amended": N_("invoice amended"),
    "cancelled": N_("cancelled"),
    "corrected": N_("corrected by later facts"),
    "credited": N_("credit note"),
    "disputed": N_("disputed"),
    "handed_to_collection": N_("handed to collection"),
    "held": N_("dunning held"),
    "limit_set": N_("new credit limit"),
    "paid": N_("paid"),
    "policy": N_("new rules"),
    "promised": N_("promise to pay"),
    "sent": N_("notice sent"),
    "superseded": N_("a higher one stands"),
    "time": N_("its time is over"),
    "written_off": N_("written off"),
}

_HOLDS: Mapping[str, str] = {
    "dispute": N_("disputed"),
    "promise": N_("promise to pay"),
    "held": N_("dunning held"),
    "collection": N_("with a collection agency"),
}

_REFUSALS: Mapping[str, str] = {
    "limit_exceeded": N_("over the credit limit"),
    "overdue_too_long": N_("overdue for too long"),
}

_STATUSES: Mapping[str, str] = {
    "open": N_("open"),
    "settled": N_("settled"),
    "cancelled": N_("cancelled"),
}


class Words:
    """Names of codes in one language; an unknown code is shown as it is."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._ = speaker.gettext

    def _named(self, names: Mapping[str, str], code: str) -> str:
        return self._(names[code]) if code in names else code.replace("_", " ")

    def alert_kind(self, kind: str) -> str:
        """Return the name of a kind of alert."""
        return self._named(_ALERTS, kind)

    def alert(self, kind: str, threshold: int) -> str:
        """Return what an alert says, its threshold included."""
        if kind == "overdue" and threshold > 0:
            text = self._speaker.ngettext(
                "Overdue for %(days)s day", "Overdue for %(days)s days", threshold
            )
            return text % {"days": self._speaker.number(threshold)}
        if kind == "dunning_due":
            if threshold == 0:
                return self._("Reminder to be sent")
            return self._("Dunning level %(level)s to be sent") % {"level": threshold}
        return self.alert_kind(kind)

    def action(self, action: str) -> str:
        """Return what happened to an alert."""
        return self._named(_ACTIONS, action)

    def cause(self, reason: str) -> str:
        """Return why an alert does not stand any more."""
        return self._named(_CAUSES, reason)

    def hold(self, reason: str) -> str:
        """Return what holds the dunning of an item."""
        return self._named(_HOLDS, reason)

    def refusal(self, reason: str) -> str:
        """Return why the credit gate is shut."""
        return self._named(_REFUSALS, reason)

    def status(self, status: str) -> str:
        """Return how an item stands."""
        return self._named(_STATUSES, status)

    def bucket(self, low: int | None, high: int | None) -> str:
        """Return the short name of an ageing bucket: Not due, 1-30, 121+."""
        number = self._speaker.number
        if low is None:
            return self._("Not due") if high == 0 else f"≤ {number(high or 0)}"
        return f"{number(low)}+" if high is None else f"{number(low)}–{number(high)}"

    def level(self, level: int | None) -> str:
        """Return a dunning level that was sent."""
        if level is None:
            return self._("none")
        return self._("reminder") if level == 0 else str(level)
