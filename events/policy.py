"""Rules and reference data as of an instant, from the stream of published policies.

A policy counts from its `effective_from` until the next version's; of two with the same
instant the later in fact order counts. Before any was published the domain's defaults hold.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from events.calendars import DEFAULT_ZONE, zone
from events.envelope import RecordedEvent
from events.touchpoints.policy import (
    BranchSet,
    CalendarSet,
    CompanySet,
    DepartmentSet,
    PolicyRecord,
    PublicDaysSet,
    ReferenceTouchpoint,
    StaffSet,
)
from events.uses import COMPANY, Use, branch_use, use_of

P = TypeVar("P", bound=PolicyRecord)
V = TypeVar("V", bound=ReferenceTouchpoint)


class PolicyVersion(NamedTuple):
    """One published version: from when it counts, what it says, and the event that says so."""

    effective_from: datetime
    policy: PolicyRecord
    event_id: str


class Reference:
    """All rules and reference data recorded so far; immutable.

    `count` is how many events of the reference stream were taken in: the policy position
    that rows store.
    """

    def __init__(self, events: Iterable[RecordedEvent] = ()) -> None:
        self.events = tuple(events)
        self.count = len(self.events)
        self._versions: dict[type[PolicyRecord], list[PolicyVersion]] = {}
        self._branches: dict[str, BranchSet] = {}
        self._calendars: dict[str, CalendarSet] = {}
        self._public_days: dict[tuple[str, int], PublicDaysSet] = {}
        self._departments: dict[str, list[DepartmentSet]] = {}  # by id, as they count
        self._staff: dict[str, list[StaffSet]] = {}
        self.company: CompanySet | None = None
        dated = [(e.data, e) for e in self.events if isinstance(e.data, ReferenceTouchpoint)]
        for data, event in sorted(
            dated, key=lambda pair: (pair[0].effective_from, pair[1].fact_key)
        ):
            self._take(data, event)
        self._starts = {
            kind: [version.effective_from for version in versions]
            for kind, versions in self._versions.items()
        }

    def _take(self, data: ReferenceTouchpoint, event: RecordedEvent) -> None:
        match data:
            case BranchSet():
                self._branches[data.branch_id] = data
            case CalendarSet():
                self._calendars[data.calendar_id] = data
            case PublicDaysSet():
                self._public_days.pop((data.country, data.year), None)
                self._public_days[data.country, data.year] = data
            case DepartmentSet():
                self._departments.setdefault(data.department_id, []).append(data)
            case StaffSet():
                self._staff.setdefault(data.staff_id, []).append(data)
            case CompanySet():
                self.company = data
            case _:
                policy: PolicyRecord = data.policy  # type: ignore[attr-defined]
                self._versions.setdefault(type(policy), []).append(
                    PolicyVersion(data.effective_from, policy, event.envelope.id)
                )

    def remember(self, events: Iterable[RecordedEvent]) -> Reference:
        """Return what is known once more events of the reference stream are taken in."""
        return Reference((*self.events, *events))

    def published_since(self, count: int) -> dict[Use, int]:
        """Return what the events after the first `count` are about, and where the latest stands.

        An assessment that used it and was made under fewer events than that is out of date.
        """
        return {
            use_of(event.data): place
            for place, event in enumerate(self.events[count:], count + 1)
            if isinstance(event.data, ReferenceTouchpoint)
        }

    def adds_nothing(
        self, earlier: Reference, kinds: Collection[type[ReferenceTouchpoint]]
    ) -> bool:
        """Return whether it is an earlier state with nothing of some kinds since."""
        count = earlier.count
        if self.events[count - 1 : count] != earlier.events[-1:]:
            return False  # of another stream, or none earlier
        return not any(type(event.data) in kinds for event in self.events[count:])

    def count_of(self, kinds: Collection[type[ReferenceTouchpoint]]) -> int:
        """Return how many events there were when the latest of some kinds had come."""
        places = range(self.count, 0, -1)
        return next((n for n in places if type(self.events[n - 1].data) in kinds), 0)

    def known_at(self, recorded_by: datetime) -> Reference:
        """Return what was known at an instant of record time."""
        return Reference(e for e in self.events if e.recorded_at <= recorded_by)

    def in_force(self, kind: type[P], at: datetime) -> P:
        """Return the version of a policy that counts at `at`, or the domain's defaults."""
        starts = self._starts.get(kind)
        if not starts:
            return _default(kind)
        i = bisect_right(starts, at)
        if i == 0:
            return _default(kind)
        policy = self._versions[kind][i - 1].policy
        assert isinstance(policy, kind)
        return policy

    def count_in_force(self, at: datetime) -> int:
        """Return how many policy versions, of all kinds, have begun by `at`."""
        return sum(bisect_right(starts, at) for starts in self._starts.values())

    def next_version_after(self, kind: type[PolicyRecord], at: datetime) -> datetime | None:
        """Return the next instant after `at` from which another version counts."""
        starts = self._starts.get(kind, [])
        i = bisect_right(starts, at)
        return starts[i] if i < len(starts) else None

    def versions(self, kind: type[PolicyRecord]) -> tuple[PolicyVersion, ...]:
        """Return every version of a policy, in the order in which they count."""
        return tuple(self._versions.get(kind, ()))

    def zone_of(self, branch_id: str | None) -> ZoneInfo:
        """Return a branch's zone: its own, else the company's, else Asia/Shanghai.

        A branch does not move between zones: its latest record holds for all its days.
        """
        branch = self._branches.get(branch_id) if branch_id else None
        if branch is not None:
            return zone(branch.zone)
        return zone(self.company.zone if self.company else DEFAULT_ZONE)

    def zone_uses(self, branch_id: str | None) -> tuple[Use, ...]:
        """Return what `zone_of` uses: the branch's record, the company's where there is none."""
        if not branch_id:
            return (COMPANY,)
        branch = branch_use(branch_id)
        return (branch,) if branch_id in self._branches else (branch, COMPANY)

    @property
    def branches(self) -> Mapping[str, BranchSet]:
        """Return every known branch by its id."""
        return self._branches

    @property
    def calendars(self) -> Mapping[str, CalendarSet]:
        """Return every known business calendar by its id."""
        return self._calendars

    @property
    def public_days(self) -> Sequence[PublicDaysSet]:
        """Return what was published of countries' public holidays, in the order it counts."""
        return tuple(self._public_days.values())

    @property
    def departments(self) -> Mapping[str, DepartmentSet]:
        """Return every known department by its id, as said last."""
        return {name: versions[-1] for name, versions in self._departments.items()}

    def departments_at(self, at: datetime) -> Mapping[str, DepartmentSet]:
        """Return the departments there are at an instant, by id."""
        found = ((name, _begun(of, at)) for name, of in self._departments.items())
        return {name: version for name, version in found if version is not None}

    @property
    def staff(self) -> Mapping[str, StaffSet]:
        """Return every known member of staff by number, as said last."""
        return {number: versions[-1] for number, versions in self._staff.items()}

    def staff_at(self, staff_id: str, at: datetime) -> StaffSet | None:
        """Return a member of staff as of an instant; one who left is not active."""
        return _begun(self._staff.get(staff_id, ()), at)


def _begun(versions: Sequence[V], at: datetime) -> V | None:
    """Return the version that counts at an instant."""
    i = bisect_right(versions, at, key=_effective_from)
    return versions[i - 1] if i else None


def _effective_from(version: ReferenceTouchpoint) -> datetime:
    return version.effective_from


_DEFAULTS: dict[type[PolicyRecord], PolicyRecord] = {}


def _default(kind: type[P]) -> P:
    policy = _DEFAULTS.get(kind)
    if policy is None:
        policy = _DEFAULTS[kind] = kind()
    assert isinstance(policy, kind)
    return policy
