"""The mapping language: what a row gives, and how a mistake in a mapping is told."""

import re
from pathlib import Path

import pytest

from services.clock import SystemClock
from services.importing.cells import Row
from services.importing.compiling import CompiledMapping, MadeEvent, compile_text, load_mapping
from services.importing.conversions import Cell
from services.importing.importer import Job, preview
from services.importing.mapping import MappingError, find_mapping, shipped_mappings
from services.importing.publisher import DryRun

HEAD = """
mapping = "test"
[source]
format = "csv"
key = ["id"]
currency = "CNY"
"""
PAID = """
[[touchpoint]]
name = "paid"
type = "payment.payment_received"
subject = "customer"
occurred_at = "day"
[touchpoint.data]
payment_id = "id"
amount = "amount"
"""
CELLS: dict[str, Cell] = {"id": "P1", "customer": "C1", "day": "2026-03-20", "amount": "12.50"}


def mapping(*parts: str, head: str = HEAD) -> CompiledMapping:
    return compile_text(head + "".join(parts))


def made(compiled: CompiledMapping, **cells: Cell) -> list[MadeEvent]:
    events, refused = compiled.read(Row(2, CELLS | cells), "b1")
    assert not refused
    return events


def data(compiled: CompiledMapping, **cells: Cell) -> object:
    (event,) = made(compiled, **cells)
    return event.event["data"]


def test_a_row_becomes_a_cloud_event() -> None:
    (paid,) = made(mapping(PAID))
    assert paid.event == {
        "specversion": "1.0",
        "id": paid.event["id"],
        "source": "/branches/b1/import-test",
        "type": "payment.payment_received",
        "subject": "C1",
        "time": "2026-03-19T16:00:00Z",
        "sequence": paid.event["sequence"],
        "data": {"payment_id": "P1", "amount": {"minor": 1250, "currency": "CNY"}},
    }


def test_an_empty_optional_field_stays_out() -> None:
    assert "method" not in str(data(mapping(PAID, 'method = "how"\n'), how=" "))


def test_a_default_fills_an_empty_cell() -> None:
    compiled = mapping(PAID, 'method = { column = "how", default = "cash" }\n')
    assert "'method': 'cash'" in str(data(compiled, how=""))


def test_null_words_are_empty() -> None:
    compiled = mapping(PAID, 'method = "how"\n', head=HEAD + 'null = ["NULL"]\n')
    assert "method" not in str(data(compiled, how="NULL"))


def test_a_template_joins_columns_and_is_empty_when_one_is() -> None:
    compiled = mapping(PAID, 'bank_reference = { template = "{bank}/{{{no}}}" }\n')
    assert "'bank_reference': 'ICBC/{7}'" in str(data(compiled, bank="ICBC", no=7))
    assert "bank_reference" not in str(data(compiled, bank="ICBC", no=""))


def test_a_list_comes_from_one_split_cell_or_from_several() -> None:
    split = mapping(PAID, 'invoice_ids = { column = "paid", split = ";" }\n')
    assert "'invoice_ids': ['A', 'B']" in str(data(split, paid="A; B;"))
    several = mapping(PAID, 'invoice_ids = ["one", "two"]\n')
    assert "'invoice_ids': ['A']" in str(data(several, one="A", two=""))
    assert "'invoice_ids': ['A', 'B']" in str(data(split, paid=["A", "B"]))


def test_a_currency_may_come_from_its_own_column() -> None:
    extra = PAID.replace(
        'amount = "amount"', 'amount = { column = "amount", currency_column = "cur" }'
    )
    assert "'minor': 12, 'currency': 'JPY'" in str(data(mapping(extra), cur="JPY", amount="12"))
    assert "'minor': 1250, 'currency': 'CNY'" in str(data(mapping(extra), cur=""))


def test_instalments_are_a_list_of_records() -> None:
    compiled = mapping("""
[[touchpoint]]
name = "issued"
type = "payment.invoice_issued"
subject = "customer"
occurred_at = "day"
[touchpoint.data]
invoice_id = "id"
amount = "amount"
due_on = "day"
instalments = [{ due_on = "day", amount = "one" }, { due_on = "day", amount = "two" }]
""")
    assert "'instalments': [{'due_on': '2026-03-20', 'amount': {'minor': 600" in str(
        data(compiled, one="6", two="6.5")
    )


def test_a_published_rule_can_be_mapped_and_has_no_subject() -> None:
    rule = """
[[touchpoint]]
name = "branch"
type = "reference.branch_set"
occurred_at = "day"
[touchpoint.data]
branch_id = "id"
name = "customer"
effective_from = "day"
"""
    (event,) = made(mapping(rule))
    assert "subject" not in event.event
    with pytest.raises(MappingError, match="has no subject"):
        mapping(rule.replace("occurred_at", 'subject = "customer"\noccurred_at'))


def test_personal_fields_travel_apart() -> None:
    compiled = mapping("""
[[touchpoint]]
name = "known"
type = "customer.registered"
subject = "customer"
occurred_at = "day"
[touchpoint.personal]
name = "full_name"
phone = "tel"
""")
    assert data(compiled, full_name="王芳", tel="") == {"personal": {"name": "王芳"}}


WORDS = """
[tables.urgency]
"1" = "urgent"
"2" = "low"
[[touchpoint]]
name = "complained"
type = "complaint.filed"
subject = "customer"
occurred_at = "day"
[touchpoint.data]
severity = { column = "prio", table = "urgency" }
"""


def test_a_table_translates_words() -> None:
    assert data(mapping(WORDS), prio=1) == {"severity": "urgent"}
    otherwise = WORDS.replace('table = "urgency"', 'table = "urgency", otherwise = "medium"')
    assert data(mapping(otherwise), prio="9") == {"severity": "medium"}


def test_a_word_that_no_table_knows_is_refused_with_its_column() -> None:
    events, (refused,) = mapping(WORDS).read(Row(7, CELLS | {"prio": "9"}), "b1")
    assert not events
    assert (refused.line, refused.block, refused.column) == (7, "complained", "prio")
    assert "[tables.urgency]" in refused.remedy


@pytest.mark.parametrize(
    ("condition", "cell", "holds"),
    [
        ('equals = "Yes"', "Yes", True),
        ('equals = "Yes"', "yes", False),
        ("equals = true", "YES", True),
        ("equals = 10", "10.00", True),
        ("equals = 2026-01-01", "2026-01-01", True),
        ('equals = "x"', "", False),
        ('in = ["a", "b"]', "b", True),
        ('not_in = ["a", "b"]', "b", False),
        ('not_in = ["a", "b"]', "", True),
        ("empty = true", " ", True),
        ("empty = false", "", False),
        ("greater = 0", "0", False),
        ("greater = 0", "0.01", True),
        ("at_least = 1.5, less = 2", "1.5", True),
        ("at_least = 1.5, less = 2", "2", False),
        ("at_most = 2026-01-01", "2026-01-02", False),
        ("less = 5", "", False),
    ],
)
def test_a_condition_decides_whether_a_row_gives_a_touchpoint(
    condition: str, cell: str, holds: bool
) -> None:
    when = f'when = [{{ column = "c", {condition} }}]\nsubject'
    assert bool(made(mapping(PAID.replace("subject", when, 1)), c=cell)) is holds


def test_a_row_is_taken_whole_or_not_at_all() -> None:
    second = PAID.replace('"paid"', '"again"').replace('"amount"', '"other"')
    events, (refused,) = mapping(PAID, second).read(Row(2, CELLS | {"other": "x"}), "b1")
    assert (events, refused.block, refused.column) == ([], "again", "other")


@pytest.mark.parametrize("missing", ["id", "customer", "day", "amount"])
def test_an_empty_required_cell_is_refused_by_its_column(missing: str) -> None:
    events, refused = mapping(PAID).read(Row(2, CELLS | {missing: ""}), "b1")
    assert not events
    assert refused[0].remedy


def test_amounts_that_are_too_fine_are_counted() -> None:
    row = Row(2, CELLS | {"amount": "0.005"})
    mapping(PAID).read(row, "b1")
    assert row.rounded == 1


# --- mistakes in a mapping ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + PAID + 'metod = "x"', "no field 'metod'; did you mean 'method'?"),
        (HEAD + 'delimeter = ";"' + PAID, "unknown key 'delimeter'; did you mean 'delimiter'?"),
        (HEAD + PAID.replace("occurred_at", "ocurred_at"), "did you mean 'occurred_at'?"),
        (HEAD + PAID.replace("payment_received", "payment_recieved"), "payment_received'?"),
        (HEAD + PAID.replace('payment_id = "id"', ""), "needs the field 'payment_id'"),
        (HEAD + PAID + 'method = { colum = "x" }', "did you mean 'column'?"),
        (HEAD + PAID + 'method = { column = "x", value = "y" }', "exactly one of"),
        (HEAD + PAID + "method = {}", "exactly one of"),
        (HEAD + PAID + 'method = { column = "x", table = "t" }', "no table 't'"),
        (HEAD + PAID + 'method = { column = "x", otherwise = "t" }', "goes with `table`"),
        (HEAD + PAID + 'method = { column = "x", negate = true }', "`negate` does not go"),
        (HEAD + PAID + 'method = { column = "x", split = ";" }', "`split` does not go"),
        (HEAD + PAID + 'method = { template = "{a!r}" }', "no template"),
        (HEAD + PAID + 'method = { template = "{" }', "no template"),
        (HEAD + PAID + 'method = { template = "cash" }', "without a column"),
        (HEAD + PAID + 'sealed = "x"', "no field 'sealed'"),
        (
            HEAD
            + PAID.replace("payment_received", "refund_paid").replace("payment_id", "refund_id")
            + '[touchpoint.personal]\nname = "n"',
            "carries no personal fields",
        ),
        (HEAD.replace('currency = "CNY"', "") + PAID, "needs a currency"),
        (HEAD.replace('"csv"', '"xlsx"') + PAID, "xlsx"),
        (HEAD.replace('["id"]', "[]") + PAID, "key"),
        (HEAD.replace('"test"', '"Te st"') + PAID, "mapping"),
        (HEAD, "touchpoint"),
        (PAID, "mapping"),
        (HEAD + PAID + PAID, "the name 'paid' is taken"),
        ("= nonsense", "not valid TOML: "),
        (HEAD + PAID.replace("subject", 'when = [{ column = "x" }]\nsubject', 1), "says nothing"),
        (
            HEAD + PAID.replace("subject", 'when = [{ column = "x", less = "a" }]\nsubject', 1),
            "compares with a number or a date",
        ),
        (HEAD + PAID.replace('"amount"', '{ value = "ten" }', 1), "no number"),
        (HEAD + PAID.replace('"day"', '{ column = "day", formats = ["dd"] }'), "no date format"),
        (HEAD + WORDS.replace('"low"', '"lowest"'), "the table gives 'lowest'"),
        (HEAD + PAID * 16, "16|length"),
    ],
)
def test_a_mistake_in_a_mapping_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(MappingError, match=told if "|" in told else re.escape(told)):
        compile_text(text)


def test_an_unknown_mapping_names_the_nearest() -> None:
    with pytest.raises(MappingError, match="did you mean 'invoices-ibm'"):
        find_mapping("invoice-ibm")
    with pytest.raises(MappingError, match="cannot read mapping"):
        find_mapping("nowhere.toml")


def test_every_shipped_mapping_compiles() -> None:
    assert "invoices-ibm" in shipped_mappings()
    for name in shipped_mappings():
        assert load_mapping(name).name == name


async def test_the_documented_example_does_what_its_text_says(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "services/importing/mappings/README.md").read_text("utf-8")
    export = re.findall(r"```\n(Beleg.*?)```", guide, re.S)[0]
    compiled = compile_text(re.findall(r"```toml\n(mapping = .*?)```", guide, re.S)[0])
    file = tmp_path / "rechnungen.csv"
    file.write_bytes(export.encode("cp1252"))
    job = Job(path=file, mapping=compiled, branch="b1")
    shown = await preview(job, 10, DryRun("b1", SystemClock()))
    assert all(isinstance(event, MadeEvent) for event in shown)
    told = [(e.line, e.block) for e in shown]
    assert told == [
        (2, "issued"), (2, "known"),
        (3, "credited"), (3, "known"),
        (4, "issued"), (4, "complained"), (4, "known"),
    ]  # fmt: skip
    text = str([event.event for event in shown if isinstance(event, MadeEvent)])
    assert "'minor': 125000" in text
    assert "'credit_note_id': 'R-1002', 'amount': {'minor': 5000" in text
    assert "'minor': 8000" in text
    assert "'time': '2026-01-12T08:00:00Z'" in text
