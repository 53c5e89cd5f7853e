"""Asterisk: what its manager tells while a call runs, and its channel event log once it is over.

A call is all that bears one Linkedid, through however many channels. It was answered if a
telephone of ours entered a bridge; `billsec` and ANSWER are no proof, because a greeting answers,
too. Event times are whole seconds of the exchange's wall clock; the beginning is the epoch in the
Linkedid, which is the one instant that all ways share.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from events.touchpoints.contact import Transfer
from services.connectors.formats.calls import (
    Call,
    PhoneSettings,
    instant_of,
    number_of,
    staff_of,
)

T = TypeVar("T")

LAST = "LINKEDID_END"

_TRANSFERS: Mapping[str, Transfer] = {"BLINDTRANSFER": "blind", "ATTENDEDTRANSFER": "attended"}

_CSV_COLUMNS = (
    "EventName", "EventTime", "CallerIDname", "CallerIDnum", "CallerIDani", "CallerIDrdnis",
    "CallerIDdnid", "Exten", "Context", "Channel", "Application", "AppData", "AMAFlags",
    "AccountCode", "UniqueID", "LinkedID", "Peer", "Userfield", "Extra",
)  # fmt: skip
"""Of cel_custom's usual mapping, where the file names no columns."""

_WRITTEN = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z")


class Record(NamedTuple):
    """One channel event: a line of the log."""

    name: str
    at: datetime
    channel_id: str
    call_id: str
    caller: str
    exten: str
    channel: str
    extra: str


class UnreadableRecord(ValueError):
    """A channel event that is none: what is wrong with it is the text."""


class Incomplete(Struct, frozen=True):
    """A call whose log has holes, and the first of them."""

    call_id: str
    why: str


class Internal(Struct, frozen=True):
    """A call between telephones of ours: no customer's."""

    call_id: str


def records_in(body: bytes, zone: tzinfo) -> tuple[Record, ...]:
    """Return the channel events of a file: JSON lines, or what cel_custom writes.

    Raises: UnreadableRecord, which says the line.
    """
    found = []
    for number, row in rows_in(body):
        try:
            found.append(record_of(row, zone))
        except UnreadableRecord as error:
            raise UnreadableRecord(f"line {number}: {error}") from error
    return tuple(found)


def rows_in(body: bytes) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the rows of a file with their lines. Raises: UnreadableRecord."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableRecord("is not UTF-8") from error
    yield from _json_rows(text) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text)


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    if text.lstrip().startswith("["):
        rows: Iterable[str | bytes] = map(bytes, _decoded(text, list[msgspec.Raw], 1))
    else:
        rows = text.splitlines()
    for number, row in enumerate(rows, start=1):
        if row.strip():
            yield number, _decoded(row, dict[str, str], number)


def _decoded(text: str | bytes, kind: type[T], number: int) -> T:
    try:
        return msgspec.json.decode(text, type=kind, strict=False)
    except msgspec.MsgspecError as error:
        raise UnreadableRecord(f"line {number}: is no object of texts ({error})") from error


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    rows = csv.reader(io.StringIO(text))
    columns: Sequence[str] = _CSV_COLUMNS
    for number, row in enumerate(rows, start=1):
        if number == 1 and any(cell.strip().lower() == "linkedid" for cell in row):
            columns = [cell.strip() for cell in row]
        elif row:
            yield number, dict(zip(columns, row, strict=False))


def record_of(row: Mapping[str, str], zone: tzinfo) -> Record:
    """Return a channel event by its fields, however their names are capitalised.

    Raises: UnreadableRecord.
    """
    fields = {name.lower(): value for name, value in row.items()}
    name = fields.get("eventname") or fields.get("eventtype") or ""
    call_id, channel_id = fields.get("linkedid", ""), fields.get("uniqueid", "")
    if not name or not call_id or not channel_id:
        raise UnreadableRecord("has no event name, unique id or linked id")
    return Record(
        name.upper(),
        _instant(fields.get("eventtime", ""), zone),
        channel_id,
        call_id,
        fields.get("calleridnum", ""),
        fields.get("exten", ""),
        fields.get("channel", "") or fields.get("channame", ""),
        fields.get("extra", ""),
    )


def _instant(text: str, zone: tzinfo) -> datetime:
    """Return an event's instant, of whole seconds: as epoch, or as a clock in the feed's zone."""
    try:
        return instant_of(int(float(text)))
    except (ValueError, OverflowError, OSError):
        pass
    for form in _WRITTEN:
        try:
            read = datetime.strptime(text, form)  # noqa: DTZ007 - the feed says the zone
        except ValueError:
            continue
        local = read if read.tzinfo is not None else read.replace(tzinfo=zone)
        return local.astimezone(UTC).replace(microsecond=0)
    raise UnreadableRecord(f"{text!r} is no instant")


def phone_of(channel: str) -> str:
    """Return whose channel it is: SIP/agent1-0000002a is the telephone SIP/agent1's."""
    name, dash, rest = channel.partition(";")[0].rpartition("-")
    return name if dash and rest and all(c in "0123456789abcdef" for c in rest) else channel


def is_outside(phone: str, settings: PhoneSettings) -> bool:
    """Tell whether a channel's telephone is a trunk: the customer's side."""
    if phone in settings.agents or phone.startswith("Local/"):
        return False
    return not settings.trunks or phone.startswith(settings.trunks)


def is_ours(phone: str, settings: PhoneSettings) -> bool:
    """Tell whether it is somebody's of ours, known by name or not."""
    return not phone.startswith("Local/") and not is_outside(phone, settings)


def call_of(records: Iterable[Record], settings: PhoneSettings) -> Call | Incomplete | Internal:
    """Return what a call was, of all its records in any order and any repetition."""
    told = sorted(set(records), key=lambda one: (one.at, _number(one.channel_id), one))
    call_id = told[0].call_id
    hole = _hole(told)
    if hole is not None:
        return Incomplete(call_id, hole)
    first = [one for one in told if one.channel_id == call_id]
    started = next(one for one in first if one.name == "CHAN_START")
    caller = phone_of(started.channel)
    comes_in = is_outside(caller, settings)
    sides = {phone_of(one.channel) for one in told}
    if not comes_in and not any(is_outside(one, settings) for one in sides):
        return Internal(call_id)
    talks = _talks(told, settings)
    ended_at = told[-1].at
    taken_at = min((begin for begin, _, _ in talks), default=None)
    written = _caller(first) if comes_in else started.exten.removeprefix(settings.outside)
    gave_up = comes_in and taken_at is None and _hung_up_by(first) == started.channel
    return Call(
        call_id=call_id,
        started_at=instant_of(_number(call_id)[0]),
        direction="in" if comes_in else "out",
        outcome="answered" if talks else "abandoned" if gave_up else "unanswered",
        waited_s=_seconds(started.at, taken_at or ended_at),
        talked_s=_covered(talks),
        agents=staff_of(settings, [phone for _, _, phone in talks]),
        line=(started.exten or None) if comes_in else None,
        transfer=next((_TRANSFERS[one.name] for one in told if one.name in _TRANSFERS), None),
        phone=number_of(written, settings.region),
    )


def _hole(told: Sequence[Record]) -> str | None:
    """Return what is missing of a call's records: each channel begins and ends; None: nothing."""
    if not any(one.name == LAST for one in told):
        return "it has no end"
    starts = {one.channel_id for one in told if one.name == "CHAN_START"}
    ends = {one.channel_id for one in told if one.name == "CHAN_END"}
    channels = {one.channel_id for one in told}
    if told[0].call_id not in starts:
        return "its beginning is missing"
    if starts != channels or ends != channels:
        lacking = sorted((channels - starts) | (channels - ends), key=_number)
        return f"channel {lacking[0]} has no beginning or no end"
    for name, other in (("BRIDGE_ENTER", "BRIDGE_EXIT"), ("BRIDGE_EXIT", "BRIDGE_ENTER")):
        some = {one.channel_id for one in told if one.name == name}
        more = {one.channel_id for one in told if one.name == other}
        if some - more:
            return f"channel {min(some - more, key=_number)} has a bridge's {name} alone"
    return None


def _talks(told: Sequence[Record], settings: PhoneSettings) -> list[tuple[datetime, datetime, str]]:
    """Return when each telephone of ours was in a bridge, in order of beginning."""
    found = []
    by_channel: dict[str, list[Record]] = {}
    for one in told:
        if one.name in ("BRIDGE_ENTER", "BRIDGE_EXIT") and is_ours(phone_of(one.channel), settings):
            by_channel.setdefault(one.channel_id, []).append(one)
    for channel_id, moves in by_channel.items():
        enters = [one.at for one in moves if one.name == "BRIDGE_ENTER"]
        exits = [one.at for one in moves if one.name == "BRIDGE_EXIT"]
        if len(enters) != len(exits):  # two of a second that say the same are one record
            enters, exits = [min(enters)], [max(exits)]
        phone = phone_of(moves[0].channel)
        found += [
            (begin, end, _number(channel_id), phone)
            for begin, end in zip(enters, exits, strict=True)
        ]
    return [(begin, end, phone) for begin, end, _, phone in sorted(found)]


def _covered(talks: Sequence[tuple[datetime, datetime, str]]) -> int:
    """Return the seconds in which any was in a bridge: two at once count once."""
    edges = sorted({edge for begin, end, _ in talks for edge in (begin, end)})
    return sum(
        _seconds(a, b)
        for a, b in pairwise(edges)
        if any(begin <= a and b <= end for begin, end, _ in talks)
    )


def _caller(first: Sequence[Record]) -> str | None:
    """Return the caller's number: what the first channel says most, since it may come late."""
    said = Counter(one.caller for one in first if any(c.isdecimal() for c in one.caller))
    return min(said, key=lambda number: (-said[number], number)) if said else None


def _hung_up_by(first: Sequence[Record]) -> str:
    """Return the channel that ended the first one, as far as the exchange says."""
    for one in first:
        if one.name == "HANGUP" and one.extra:
            try:
                told = msgspec.json.decode(one.extra, type=dict[str, object])
            except msgspec.MsgspecError:
                continue  # a free text is allowed there
            return str(told.get("hangupsource") or "")
    return ""


def _number(channel_id: str) -> tuple[int, int]:
    """Return the epoch in an id and the number behind it: its order among others."""
    epoch, _, serial = channel_id.rpartition("-")[2].partition(".")
    return (int(epoch) if epoch.isdecimal() else 0, int(serial) if serial.isdecimal() else 0)


def _seconds(begin: datetime, end: datetime) -> int:
    return max(0, int((end - begin).total_seconds()))
