"""Whatever a file holds: a row gives events that the platform can answer, or says why not."""

from datetime import UTC, datetime
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from services.importing.cells import Row
from services.importing.compiling import CompiledMapping, compile_text
from services.importing.conversions import Cell
from services.importing.publisher import DryRun

HEAD = """
mapping = "anything"
[source]
format = "jsonl"
key = ["a"]
timezone = "America/New_York"
currency = "KWD"
decimal = ","
thousands = "."
negatives = "parentheses"
dates = ["iso", "%d.%m.%y %H:%M", "epoch_ms"]
[tables.t]
"1" = "urgent"
"""
ISSUED = """
[[touchpoint]]
name = "issued"
type = "payment.invoice_issued"
when = [{ column = "f", not_in = ["x"] }, { column = "b", greater = -100 }]
subject = "c"
occurred_at = { column = "d", at = 18:00:00 }
[touchpoint.data]
invoice_id = { template = "{a}/{c}" }
amount = { column = "b", currency_column = "e", negate = true }
due_on = "d"
instalments = [{ due_on = "d", amount = "b" }, { due_on = "d", amount = "f" }]
"""
ASKED = """
[[touchpoint]]
name = "asked"
type = "complaint.service_requested"
when = [{ column = "e", less = 2026-01-01 }, { column = "f", equals = true }]
subject = "c"
occurred_at = "d"
[touchpoint.data]
kind = { value = "enquiry" }
severity = { column = "f", table = "t", otherwise = "low" }
wanted_by = "e"
[touchpoint.personal]
text = "b"
"""
PAID = """
[[touchpoint]]
name = "paid"
type = "payment.payment_received"
id = ["b", "c"]
subject = "c"
occurred_at = "d"
[touchpoint.data]
payment_id = "a"
amount = { column = "b", unit = "minor" }
invoice_ids = { column = "f", split = ";" }
"""
MAPPINGS = [compile_text(HEAD + block) for block in (ISSUED, ASKED, PAID, ISSUED + ASKED + PAID)]

LIKELY = st.sampled_from(
    [
        "1.234,50",
        "(3,5)",
        "2026-01-31",
        "31.01.26 09:30",
        "1767225600000",
        "EUR",
        "yes",
        "1",
        "",
        "x",
    ]
)
CELLS: st.SearchStrategy[Cell] = st.one_of(
    LIKELY,
    LIKELY,
    st.text(max_size=12),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(LIKELY, max_size=3).map(lambda words: cast(Cell, words)),
    st.just([["nested"]]).map(lambda lists: cast(Cell, lists)),
    st.none(),
)
USUAL: dict[str, list[Cell]] = {
    "a": ["A1"],
    "b": ["(3,5)", "(1.234,50)", "12", 7],
    "c": ["C1", "王"],
    "d": ["2025-12-31", "31.12.25 09:30", "1767100000000"],
    "e": ["EUR", "", "2025-01-01"],
    "f": ["1", "yes", "A;B", ""],
}
ROWS = st.fixed_dictionaries(
    {
        column: st.one_of(st.sampled_from(cells), st.sampled_from(cells), CELLS)
        for column, cells in USUAL.items()
    }
)


class NewYear:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


@given(st.sampled_from(MAPPINGS), ROWS)
async def test_any_row_is_read_or_refused_with_a_remedy(
    mapping: CompiledMapping, cells: dict[str, Cell]
) -> None:
    made, refused = mapping.read(Row(1, cells), "b1")
    assert not (made and refused)
    assert all(trouble.reason and trouble.remedy for trouble in refused)
    answers = await DryRun("b1", NewYear()).publish([event.event for event in made])
    assert all(a.status == "accepted" or (a.field and a.reason and a.remedy) for a in answers)


@given(st.sampled_from(MAPPINGS), ROWS)
def test_reading_a_row_twice_gives_the_same_events(
    mapping: CompiledMapping, cells: dict[str, Cell]
) -> None:
    again = dict(cells)
    assert repr(mapping.read(Row(1, cells), "b1")) == repr(mapping.read(Row(1, again), "b1"))
