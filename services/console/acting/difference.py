"""What would change, in words: each field of each row before and after, and alerts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from services.casework.comparing import Changes, FieldChange, RowChange
from services.console.acting.changed_words import ChangedWords
from services.console.acting.person import Actor
from services.console.shared.i18n import Speaker, speaker
from services.console.shared.reading import branch_names, department_names

NOISE = frozenset({"change_no", "last_event_at", "last_event_id", "case_id", "customer_id"})
"""What changes with every event, and what the row is named by."""


class Line(NamedTuple):
    """A field that would be other than it is."""

    field: str
    name: str
    before: str
    after: str


class Difference(NamedTuple):
    """A row, or an alert, that would be other than it is."""

    what: str
    key: str
    lines: Sequence[Line]


def difference(changes: Changes, who: Actor) -> Sequence[Difference]:
    """Return what would change, as a table shows it."""
    say = speaker(who.visit.language)
    words = ChangedWords(say)
    found = []
    for row in changes.rows:
        lines = [*_lines(row.fields, _currency(row), words, say, who)]
        if lines:
            found.append(Difference(words.table(row.table), _key(row), lines))
    for alert in changes.alerts:
        what = words.alert(alert.kind, alert.threshold)
        if alert.raised is None:
            lines = [*_lines(alert.fields, "", words, say, who)]
            found.append(Difference(what, alert.subject, lines))
        else:
            told = Line("alert", words.alert_of(), *words.raised(is_raised=alert.raised))
            found.append(Difference(what, alert.subject, [told]))
    return found


def _key(row: RowChange) -> str:
    return " · ".join(str(one) for one in row.key if one != row.customer_id) or row.customer_id


def _currency(row: RowChange) -> str:
    known = [f.after or f.before for f in row.fields if f.field == "currency"]
    named = [str(one) for one in known if one] + [
        str(one) for one in row.key if isinstance(one, str) and len(one) == 3 and one.isupper()
    ]
    return named[0] if named else ""


def _lines(
    fields: Sequence[FieldChange], currency: str, words: ChangedWords, say: Speaker, who: Actor
) -> Iterator[Line]:
    for one in fields:
        if one.field in NOISE:
            continue
        before = _shown(one.field, one.before, currency, words, say, who)
        after = _shown(one.field, one.after, currency, words, say, who)
        if before != after:
            yield Line(one.field, words.field(one.field), before, after)


def _shown(
    field: str, value: object, currency: str, words: ChangedWords, say: Speaker, who: Actor
) -> str:
    """Return a value as people read it; nothing there is a dash."""
    match value:
        case None | "":
            return "–"
        case bool():
            return words.yes(value)
        case int() if field.endswith("_minor"):
            return say.money(value, currency) if currency else say.number(value)
        case int() if field.endswith("_s"):
            return say.working_time(value)
        case int():
            return say.number(value)
        case str() if field.endswith("_at") or field == "since" or field == "until":
            return _instant(value, say, who)
        case str() if field.endswith("_on"):
            return say.day(date.fromisoformat(value))
        case str():
            names = {
                **branch_names(who.reference, who.visit.language),
                **department_names(who.reference, who.visit.language),
            }
            return names.get(value) or words.value(field, value)
        case list() | tuple():
            return ", ".join(str(one) for one in value) or "–"
        case _:
            return str(value)


def _instant(value: str, say: Speaker, who: Actor) -> str:
    try:
        return say.instant(datetime.fromisoformat(value), who.zone)
    except ValueError:
        return value
