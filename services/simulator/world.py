"""The company's time: what will happen next, and what the branches report of it.

What departments do on cases are commands: decided in memory as they would be on the log.

In a history the company lives by the calendar. Live it lives faster: what it does is told
with the instant of the telling, and days are told as many days earlier as it is ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.business_time import BusinessTime, Term
from events.calendars import DAY, local_day
from events.cases.asking import Rules
from events.cases.commands import Command
from events.cases.staff import BY_ITSELF, Staff, staff_in_force
from events.envelope import EventId, Position, RecordedEvent
from events.policy import Reference
from events.refusals import Refused
from events.touchpoints.base import Touchpoint
from services.casework.memory import CasesInMemory, Ordered
from services.casework.openings import opening
from services.casework.ordering import CommandOn
from services.simulator.company import calendar
from services.simulator.customers import Customer
from services.simulator.devices import HEADQUARTERS, LIVE, Devices, Lateness, Lines, Recording
from services.simulator.plan import Plan
from services.simulator.seasons import office_hour

Action = Callable[[datetime], None]


class Given(NamedTuple):
    """A command that was given live, and what it is expected to record."""

    asked: CommandOn[Command]
    expected: Ordered


_ON_THE_WAY = timedelta(seconds=3)
_CALENDAR_YEARS = 6


class World:
    """Runs the company's actions in order of time and collects what they report."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.customers: dict[str, Customer] = {}
        self._devices = Devices(plan, epoch=0)
        self._lines = Lines(plan)
        self._actions: list[tuple[datetime, int, Action]] = []
        self._reported: list[tuple[datetime, int, Recording]] = []
        self._count = 0
        self._numbers: dict[str, int] = {}
        self._session = ""
        self._now: datetime | None = None  # only live: the instant of the telling
        self._ahead = timedelta(0)
        year = plan.since.year
        self._calendar = calendar(plan.since, year, year + _CALENDAR_YEARS)
        self._calendar_from = plan.since.date()
        self._business_time: dict[ZoneInfo, BusinessTime] = {}
        self.cases = CasesInMemory()
        self.given: list[Given] = []  # only live: what was commanded and not sent yet
        self._orders = 0
        self._published: list[RecordedEvent] = []
        self._reference: Reference | None = None
        self._staff: dict[str, Staff] = {}

    @property
    def has_more_to_happen(self) -> bool:
        """Return whether anything at all will happen."""
        return bool(self._actions)

    @property
    def live(self) -> bool:
        """Return whether the company is past its history."""
        return self._now is not None

    # --- what will happen ------------------------------------------------------------------

    def at(self, when: datetime, action: Action) -> None:
        """Let something happen at an instant."""
        self._count += 1
        heappush(self._actions, (when, self._count, action))

    def on(self, customer: Customer, day: date, after: datetime, action: Action) -> None:
        """Let something happen on a local day, in working hours and not before `after`."""
        self.at(max(office_hour(customer.dice, day, customer.tz), after), action)

    def in_days(self, customer: Customer, when: datetime, days: float, action: Action) -> None:
        """Let something happen some days after `when`, in working hours."""
        day = local_day(when + timedelta(days=days), customer.tz)
        self.on(customer, day, when + timedelta(minutes=5), action)

    def after(self, customer: Customer, when: datetime, amount: timedelta) -> datetime:
        """Return when that much business time is worked at a customer's branch since `when`."""
        time = self._business_time.get(customer.tz)
        if time is None:
            time = BusinessTime((Term(self._calendar_from, self._calendar),), customer.tz)
            self._business_time[customer.tz] = time
        found = time.after(when, amount)
        assert found is not None, "offices work in every year of a company's life"
        return found

    def upto(self, until: datetime) -> Iterator[Recording]:
        """Yield, in order of recording, what reaches the platform before `until`."""
        while self._actions and self._actions[0][0] < until:
            when, _, action = heappop(self._actions)
            while self._reported and self._reported[0][0] <= when:
                yield heappop(self._reported)[2]
            action(when)
        while self._reported and self._reported[0][0] < until:
            yield heappop(self._reported)[2]

    def go_live(self, session: int) -> None:
        """End the history: devices number anew under an epoch that marks this session."""
        self._devices = Devices(self.plan, epoch=session, suffix=LIVE)
        self._session = f"L{session:X}-"

    def step(self, now: datetime) -> Sequence[Recording]:
        """Let the next thing happen, told as of `now`; return what is reported of it."""
        when, _, action = heappop(self._actions)
        self._now = now
        self._ahead = (when.date() - now.date()) // DAY * DAY
        action(when)
        recordings = []
        while self._reported and self._reported[0][0] <= now + _ON_THE_WAY:
            recordings.append(heappop(self._reported)[2])
        return recordings

    # --- what is reported ------------------------------------------------------------------

    def number(self, series: str) -> str:
        """Return the next business number of a series: SH-I -> SH-I-00042."""
        self._numbers[series] = self._numbers.get(series, 0) + 1
        return f"{series}-{self._session}{self._numbers[series]:05d}"

    def told(self, day: date) -> date:
        """Return the day to tell for a day of the company's time."""
        return day - self._ahead

    def told_today(self, customer: Customer, when: datetime) -> date:
        """Return the local day to tell for an instant of the company's time."""
        return self.told(local_day(when, customer.tz))

    def told_instant(self, when: datetime) -> datetime:
        """Return the instant to tell for an instant of the company's time."""
        return when - self._ahead

    def tell(
        self,
        customer: Customer,
        device: str,
        when: datetime,
        data: Touchpoint,
        personal: Mapping[str, str] | None = None,
        kept_back: timedelta = timedelta(0),
    ) -> EventId:
        """Report what happened to a customer; a branch without a line keeps it back."""
        return self.report(customer, device, when, data, personal, kept_back).envelope.id

    def report(
        self,
        customer: Customer,
        device: str,
        when: datetime,
        data: Touchpoint,
        personal: Mapping[str, str] | None = None,
        kept_back: timedelta = timedelta(0),
    ) -> Recording:
        """Report what happened to a customer, and return when and how it arrives."""
        branch_id = customer.branch.branch_id
        now = self._now or when
        if self.live:
            late = Lateness(now, timedelta(0)) if kept_back else None
        else:
            late = self._lines.lateness(branch_id, when)
        envelope = self._devices.report(
            branch_id, device, customer.customer_id, now - kept_back, data, late
        )
        arrives = (late.collected_at if late else now) + _ON_THE_WAY
        recording = Recording(arrives, envelope, data, personal)
        self._keep(recording)
        return recording

    def announce(self, when: datetime, data: Touchpoint) -> None:
        """Report what headquarters publishes in the course of business."""
        self._keep(self.publish(when, data))

    # --- what is commanded -----------------------------------------------------------------

    def kept_waiting(self, customer: Customer, when: datetime, action: Action) -> bool:
        """Return whether the branch has no line to command by; then the action waits for it."""
        late = None if self.live else self._lines.lateness(customer.branch.branch_id, when)
        if late is None:
            return False
        self.at(late.collected_at + _ON_THE_WAY, action)
        return True

    def order(
        self,
        agent: str | None,
        case_id: str,
        when: datetime,
        command: Command,
        note: str | None = None,
    ) -> Ordered | None:
        """Let a member of staff command, or the platform; None: it was refused."""
        self._orders += 1
        now = self._now or when
        asked = CommandOn(
            on=case_id,
            command=command,
            by=BY_ITSELF if agent is None else self._member(agent, now),
            key=f"{self.plan.seed}-{self._session}{self._orders}",
            personal=None if note is None else {"note": note},
        )
        return self._done(asked, now)

    def open_case(self, opener: Recording, tier: str | None, when: datetime) -> Ordered | None:
        """Let a complaint, a request or a need overheard open its case, by itself."""
        recorded = RecordedEvent(
            opener.envelope, Position(0, 0, 0), opener.recorded_at, opener.data
        )
        return self._done(opening(recorded, tier), self._now or when)

    def _done(self, asked: CommandOn[Command], now: datetime) -> Ordered | None:
        done = self.cases.execute(asked, now, Rules(self.reference))
        if isinstance(done, Refused):
            return None
        if self.live:
            if asked.by != BY_ITSELF:
                self.given.append(Given(asked, done))
            return done
        for event in done.events:
            at = max(now, event.envelope.effective_at)
            self._keep(Recording(at, event.envelope, event.data, event.personal, done.order))
        return done

    @property
    def reference(self) -> Reference:
        """Return the rules and reference data that headquarters has published."""
        if self._reference is None:
            self._reference = Reference(self._published)
        return self._reference

    def _member(self, agent: str, now: datetime) -> Staff:
        staff = self._staff.get(agent)
        if staff is None:
            staff = staff_in_force(self.reference, agent, now)
            assert staff is not None, f"{agent} works for the company"
            self._staff[agent] = staff
        return staff

    def publish(
        self, when: datetime, data: Touchpoint, correlation_id: str | None = None
    ) -> Recording:
        """Return the report of what headquarters publishes."""
        envelope = self._devices.report(
            HEADQUARTERS, "policy", None, when, data, correlation_id=correlation_id
        )
        self._published.append(RecordedEvent(envelope, Position(0, 0, 0), when, data))
        self._reference = None
        return Recording(when, envelope, data)

    def _keep(self, recording: Recording) -> None:
        self._count += 1
        heappush(self._reported, (recording.recorded_at, self._count, recording))
