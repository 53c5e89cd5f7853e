"""Facts that the projections of a stage share, kept outside of memory and brought back."""

from __future__ import annotations

import msgspec

from events.policy import Reference
from projections.facts import Facts, Sharing
from projections.keeping import KeptFacts, packed
from projections.protocol import Projection
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers

WALKER, READER = ValueTiers(), Receivables()
BOTH: tuple[Projection, ...] = (WALKER, READER)
HANDLED = WALKER.handles | READER.handles


def shared_facts(sharing: Sharing) -> Facts:
    """Return facts of nobody yet, which both projections are told of."""
    facts = Facts(handles=HANDLED)
    facts.sharing = sharing
    return facts


def sharing_books() -> Sharing:
    """Return what the projections share."""
    walk = WALKER.stage.walk if WALKER.stage is not None else None
    assert walk is not None
    return Sharing(walk)


def shared_and_back(facts: Facts, read_by: Reference) -> Facts:
    """Return facts with all that was made of them as they come back, without those walked."""
    memo = facts.memo
    if memo is None:
        return facts
    assert READER.stage is not None
    reading = READER.stage.reading
    assert reading is not None
    kept = msgspec.msgpack.decode(packed(facts.kept()), type=KeptFacts)
    walked = WALKER.brought_back(WALKER.kept(memo), memo.reference)
    read = reading.kept(memo, read_by)
    if read is not None:
        reading.bring_back(walked, read, read_by)
    back = Facts.brought_back(kept, HANDLED, walked)
    back.sharing = facts.sharing
    return back
