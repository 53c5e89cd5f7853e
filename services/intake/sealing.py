"""From a draft, whose personal fields are readable, to what the log takes."""

from __future__ import annotations

import msgspec

from events.texts import worded
from services.intake.answers import EventRefused
from services.intake.draft import Draft, canonical_content
from services.ports import Submission
from services.vault.subject_key import SubjectErased, SubjectKey


def sealed_draft(draft: Draft, key: SubjectKey) -> Submission:
    """Return the draft as the log takes it. Raises: EventRefused."""
    envelope, data = draft.envelope, draft.data
    digest = key.digest(canonical_content(draft))
    if draft.personal:
        try:
            sealed = key.seal(envelope.id, draft.personal)
        except SubjectErased as error:
            raise EventRefused(
                "erased",
                "data.personal",
                worded("is about somebody who was erased"),
                worded("leave it out: nothing personal is kept of this customer any more"),
            ) from error
        data = msgspec.structs.replace(data, sealed=sealed)
    return Submission(envelope, data, digest)
