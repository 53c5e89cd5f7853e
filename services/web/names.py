"""What a company calls its branches, departments and people in a reader's language."""

from __future__ import annotations

from events.touchpoints.policy import BranchSet, DepartmentSet, StaffSet


def name_in(language: str, one: BranchSet | DepartmentSet | StaffSet | None) -> str | None:
    """Return what one of them is called, in whichever spelling there is; None: it has no name."""
    if one is None:
        return None
    return one.name_en or one.name if language == "en" else one.name or one.name_en
