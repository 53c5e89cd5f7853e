"""What became of one item, told in the language of whoever asks."""

from __future__ import annotations

from typing import assert_never

import structlog

from events.policy import Reference
from events.refusals import Refused, Teller
from events.texts import worded
from services.casework.bulk.asking import Item, Obstacle, Unreadable, Verdict
from services.casework.bulk.lines import ItemLine, Outcome
from services.casework.documents import change
from services.casework.executing import Answer, Done, Moved, OtherRequest
from services.casework.problems import said, stale
from services.errors import Unavailable
from services.intake.answers import EventRefused
from services.web import languages
from services.web.problems import UNREADABLE, UNREADABLE_REMEDY

_LOG = structlog.get_logger(__name__)

_NOTHING_KNOWN = worded("nothing is known of it: the platform cannot keep anything just now")
_AGAIN = worded("send the same again in a moment: what was done is not done twice")


class Telling:
    """Tells items' lines."""

    def __init__(self, teller: Teller, language: str, reference: Reference) -> None:
        self._teller = teller
        self._language = language
        self._reference = reference

    def of_verdict(self, verdict: Verdict) -> ItemLine:
        """Return the line of an item that was tried."""
        if verdict.obstacle is not None:
            return self.of_obstacle(verdict.item, verdict.version, verdict.obstacle)
        return ItemLine(
            id=verdict.item.id,
            version=verdict.version,
            outcome="would_be_done",
            events=[fact.data.event_type for fact in verdict.news],
        )

    def of_answer(self, item: Item, answer: Answer) -> ItemLine:
        """Return the line of an item that was commanded."""
        match answer:
            case Done():
                outcome: Outcome = "done_before" if answer.replayed else "done"
                types = [event.envelope.type for event in answer.own]
                return ItemLine(
                    id=item.id, version=len(answer.events), outcome=outcome, events=types
                )
            case OtherRequest():
                return self._reused(item)
            case Refused() | Moved():
                return self.of_obstacle(item, item.version or 0, answer)
            case _:
                raise AssertionError("a bulk that is done tries nothing")

    def of_obstacle(self, item: Item, version: int, obstacle: Obstacle) -> ItemLine:
        """Return the line of an item that something stands in the way of."""
        match obstacle:
            case Refused():
                told = self._teller.tell(obstacle)
                return ItemLine(
                    id=item.id,
                    version=version,
                    outcome="refused",
                    rule=obstacle.rule,
                    detail=told.detail,
                    remedy=told.remedy,
                )
            case Moved(seen, now, came):
                changed = [change(fact, self._reference) for fact in came]
                why = stale(seen, now, changed, self._language, self._teller)
                return ItemLine(
                    id=item.id,
                    version=now,
                    outcome="stale",
                    rule=why.code,
                    detail=why.detail,
                    remedy=why.remedy,
                    changed=changed,
                )
            case EventRefused():
                return ItemLine(
                    id=item.id,
                    version=version,
                    outcome="refused",
                    rule=obstacle.code,
                    detail=f"{obstacle.field}: {languages.told(obstacle.reason, self._language)}",
                    remedy=languages.told(obstacle.remedy, self._language),
                )
            case Unreadable(reason):
                _LOG.error("event_unreadable", reason=reason)
                return ItemLine(
                    id=item.id,
                    version=version,
                    outcome="unreadable",
                    detail=languages.told(UNREADABLE, self._language),
                    remedy=languages.told(UNREADABLE_REMEDY, self._language),
                )
            case _:
                assert_never(obstacle)

    def of_outage(self, item: Item, why: Unavailable) -> ItemLine:
        """Return the line of an item of which nothing is known to be done: try it again."""
        _LOG.warning("bulk_item_unavailable", reason=str(why))
        return ItemLine(
            id=item.id,
            version=item.version or 0,
            outcome="unavailable",
            detail=languages.told(_NOTHING_KNOWN, self._language),
            remedy=languages.told(_AGAIN, self._language),
        )

    def _reused(self, item: Item) -> ItemLine:
        why = said("bulk_key_reused", self._language)
        return ItemLine(
            id=item.id,
            version=item.version or 0,
            outcome="refused",
            rule=why.code,
            detail=why.detail,
            remedy=why.remedy,
        )
