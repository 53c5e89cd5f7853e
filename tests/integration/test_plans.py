"""Every named statement reads what it needs of 200,000 events, and walks no large table.

Each is executed once, in a transaction that is rolled back, with parameters such as the product
gives; the plan says how many rows of each table it looked at. Who adds a statement gives its
parameters here, or the reason why it is to read everything.
"""

from __future__ import annotations

import json
from asyncio import Runner
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from uuid import UUID, uuid4

import asyncpg
import pytest

from events.envelope import PositionVector
from events.policy import Reference
from events.touchpoints.customer import CustomerProfileChanged, CustomerRegistered
from projections import PROJECTIONS
from projections.case_board.projection import CaseBoard
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers
from services.casework.filters import CaseFilter
from services.console.cases.worklist import cases
from services.console.customers.listing import CustomerFilter, listed, sums_of
from services.console.receivables.worklist import WorkFilter, open_items
from services.console.shared.cursor import CursorSigner
from services.console.shared.reading import Progress, Reader
from services.console.shared.statements import Statements
from services.people.principal import Principal, Scope
from services.postgres.arrays import array_text
from services.rows.guards import entering
from services.rows.projection_store import columns
from services.rows.row_tables import tables_of
from tests.support.large_log import lay_in
from tests.support.postgres import fresh_database

pytestmark = pytest.mark.postgres

LARGE = {
    "events", "admissions", "projection_heads", "totals", "alerts", "alert_journal",
    "subject_keys", "quarantine", "log_confirmed", "dossier_snapshots",
    "search_customers", "search_latest", "search_references",
    *(table.name for projection in PROJECTIONS for table in tables_of(projection).values()),
}  # fmt: skip
MOST_ROWS = 1_500
"""Rows of a large table that a statement may look at; each has 15,000 or more."""

READ_EVERYTHING = {
    "cases/board_sums": "sums over every case under way and all that is owed on them",
    "cases/owners": "sums over every case under way and all that is owed on them",
    "count_admitted": "verify counts what was ever let in, once",
    "count_customers": "the walks' progress bar, before they read everything",
    "count_heads": "`touchstone status` counts every customer",
    "count_outdated": "`touchstone status` without a cap; pages give one",
    "customers/segments": "segments to choose from, of a thousand customers at most",
    "kafka_forget_confirmed": "whatever is confirmed and not mirrored yet: seconds of the log",
    "move_add_runs": "a move lays the whole log in runs",
    "move_unmirrored": "a move compares all that was confirmed with the mirror",
    "credit/customers_with_work": "a bulk is given on all whom the filter finds",
    "overview/count_customers": "the number of all customers, from an index alone",
    "overview/count_own_customers": "those of the branches that are seen, from an index alone",
    "operating_gaps": "the doctor counts every source's numbers, given half a minute",
    "operating_quarantine": "the fullest branch's share of what its quota bounds",
    "part_bounds": "a walk divides all customers into parts, from a sample",
    "publishing_branches": "a report refuses a branch after all its customers were walked",
    "quarantine_by_branch": "counts what waits of every branch, which their quotas bound",
    "words_of_branch": "one note says all customers of a branch",
    "quarantine_taken": "all that lies there of one branch, which its quota bounds",
    "quota_branches": "an operator asks what every branch has taken",
    "retention_counts": "an operator counts what is kept",
    "retention_let_go": "an operator lets go of what is over",
    "quarantine_count": "an operator counts what was ever refused",
    "rebuild_drop_heads": "a rebuild's switch compares all",
    "rebuild_drop_totals": "a rebuild's switch compares all",
    "rebuild_make_live": "a rebuild's switch gives the alerts that stand their version",
    "rebuild_mend_heads": "a rebuild's switch compares all",
    "rebuild_mend_totals": "a rebuild's switch compares all",
    "rebuild_raise": "a rebuild's switch compares all",
    "rebuild_restate": "a rebuild's switch compares all",
    "rebuild_withdraw": "a rebuild's switch compares all",
    "receivables/open_by_branch": "sums of the company: one total a day, branch and partition",
    "receivables/open_by_day": "sums of the company: one total a day, branch and partition",
    "receivables/running_interest": "sums of the company: a few terms a day, branch and partition",
    "rows_without_events": "verify looks for an event of every customer",
    "sample_customers": "a policy is tried on some of all customers, chosen by a hash",
    "totals_of": "verify sums up every total",
}

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
A_DAY = date(2024, 6, 1)
ONE, OTHER = UUID(int=1), UUID(int=2)
CUSTOMER, PARTITION = "C000013", 1
CUSTOMERS = [CUSTOMER, "C000014"]
OURS = ("receivables", 1)
ALL = (["receivables", "value_tiers", "case_board"], [1, 1, 1])
BUILD = ("receivables", 1, "receivables_rebuild")
TWO_BUILDS = ("receivables", 1, "receivables_rebuild", 1)
USES = (["reference.branch_set B-7"], [301])
PARTITIONS = list(range(12))
TYPES = ["payment.payment_received", "payment.invoice_issued"]
HOME = [CustomerRegistered.event_type, CustomerProfileChanged.event_type]
TODAYS = (["B-1", "B-2"], [739_000, 739_000], 739_000)
AN_ALERT = (
    uuid4(), "overdue", "I", 30, CUSTOMER, "B-1", NOW, "CNY", 5, "open", None, None, None, None,
)  # fmt: skip
AN_EVENT = (
    [uuid4()], ["C-new"], ["/branches/B-1/new"], ["t"], ["B-1"], [0], [1], [NOW], [None], [None],
    [NOW], [None], [None], [None], [None], [NOW], [b"x"],
)  # fmt: skip

Arguments = Sequence[object]
GIVEN: Mapping[str, Arguments] = {
    # --- operators
    "operating_gaps": (20,),
    "operating_lags": (1, NOW),
    "operating_log": (),
    "operating_parked": (),
    "operating_quarantine": (10_000, 64 * 1024**2),
    "quota_branches": (),
    "retention_counts": (NOW, NOW, NOW, "code/", 1, NOW),
    "retention_let_go": (NOW, NOW, NOW, "code/", 1),
    "traced_events": (1, PARTITION, 100, 200, 50),
    # --- the log
    "count_admitted": (),
    "count_customers": (),
    "current_generation": (),
    "current_log": (),
    "dossiers": (1, CUSTOMERS, [1, 2], [9000, 9000]),
    "dossier_facts": (1, CUSTOMERS, [9000] * 13, 9000),
    "dossiers_since": (1, PARTITION, [CUSTOMER], [100], 9000),
    "filling_end": (),
    "filling_note": ("history", 1, 2),
    "filling_stands": (),
    "identity_events": (CUSTOMERS, TYPES),
    "near_customers": (CUSTOMERS,),
    "somebody_projects": (),
    "uncounted_sources": (10,),
    "log_admit": ([uuid4()], ["/branches/B-1/x"], [0], [1], [b"d"]),
    "log_append": (1, [1], [50_000], *AN_EVENT, [1], [50_001], [NOW]),
    "log_ends": (2,),
    "log_heads": (1,),
    "log_holders": ([ONE], ["/branches/B-1/till"], [0], [13]),
    "log_facts": (1, PARTITION, 100, 599),
    "log_is_quiet": (1, PARTITION, 10),
    "log_lock_heads": (1, [1, 2], NOW, "embedded"),
    "log_lock_streams": (
        1, [1, 2], NOW, "embedded", ["/branches/B-1/till"], ["/cases/1"],
        [CUSTOMER], [PARTITION], [9000] * 13,
    ),
    "log_portion": (1, PARTITION, 100, 500, 2**62),
    "log_read": (1, PARTITION, 100, 500),
    "log_runs": (1,),
    "places_of": ([ONE, OTHER],),
    "readable_heads": (1,),
    "receipt": (ONE, "B-1"),
    "reference_stream": (1, 200),
    "stream_facts": (["/cases/1", "/cases/2"],),
    "kafka_streams_ahead": (["/cases/1", "/cases/2"],),
    "stream_read": ("/branches/B-1/till", 199_000),
    # --- Kafka's
    "kafka_admit": (
        1, [1], [uuid4()], ["/branches/B-1/x"], [0], [1], [b"d"], [NOW], [b"k"], [b"h"], [b"d"],
        [True], [None], 7,
    ),
    "kafka_beyond": (1, [CUSTOMER], [CUSTOMER.encode()], [PARTITION], [16_000] * 13, True),
    "kafka_claim": (1,),
    "kafka_confirm": (7, [], 1, [1], [uuid4()], [60_000]),
    "kafka_distrust": ("topic",),
    "kafka_forget_confirmed": (),
    "kafka_generation": (),
    "kafka_know_topics": (["topic"], [ONE]),
    "kafka_known_topics": (["topic"],),
    "kafka_lock_heads": (1, [1, 2]),
    "kafka_oldest_pending": (1,),
    "kafka_own": (7, [1, 2]),
    "kafka_stream": ("/branches/B-1/till", 199_000),
    "kafka_pending": (1, [1], 100),
    "kafka_pending_partitions": (1,),
    "kafka_pending_records": ([ONE],),
    "kafka_positions": ([ONE, OTHER],),
    "kafka_take": (7, [], [1, 2], 1, [1], 100),
    "mirror_heads": (1,),
    "mirror_keep": ([1], [1], [60_000], *AN_EVENT),
    "mirror_lock": (1, PARTITION),
    "mirror_move": (1, PARTITION, 60_000, 0, [ONE]),
    "mirrored_upto": (1, PARTITION),
    # --- a move
    "move_add_gapless_runs": (1,),
    "move_add_runs": (1,),
    "move_close_heads": (1, [0] * 13),
    "move_end_epochs": (1,),
    "move_forget_pending": (1,),
    "move_inherit_runs": (1,),
    "move_know_topics": (["topic"], [ONE]),
    "move_lock": (),
    "move_open_checkpoints": (2, ["p"], [1], [1], [1], [1], [NOW], [1]),
    "move_open_generation": (1, "kafka"),
    "move_open_heads": (2,),
    "move_open_mirror": (2,),
    "move_unmirrored": (1,),
    "move_wake": (),
    # --- the way in
    "branch_key_list": ("B-1",),
    "key_add": (uuid4(), "B-1", None, "till", False, b"h", NOW),
    "key_find": (b"h",),
    "key_revoke": (ONE, NOW),
    "quarantine_add": (
        NOW, "B-1", False, [uuid4()], [1], [ONE], ["t"], ["c"], ["f"], ["r"], ["m"], [None],
        [b"s"], [False], ["/branches/B-1/till"], [0], [7], [None], [None],
    ),
    "quarantine_by_branch": (),
    "holding_numbers": ("/branches/B-1/till", None),
    "holding_refused": ("B-1", "/branches/B-1/till", 0, 199_000, 199_500, 1_000),
    "holding_runs": ("/branches/B-1/till", 0, 199_000, 199_500, 100_000),
    "quarantine_after": (19_000, 20_000, 500),
    "quarantine_count": (None,),
    "quarantine_end": (),
    "quarantine_expire": ("B-1", NOW - timedelta(days=900)),
    "quarantine_lock": (7, "B-1"),
    "quarantine_overflow": ("B-1", NOW, 3),
    "quarantine_settle": (ONE, "discarded", "why", NOW),
    "quarantine_taken": ("B-1", [ONE]),
    "quarantine_list": ("B-1", False, 50),
    "quarantine_show": (ONE,),
    "staff_key_list": ("agent-7",),
    "signing_key": ("receipts",),
    "signing_key_add": ("receipts", "crm.example.com", b"p", b"s", NOW),
    "sources_of_branches": (200, 100),
    "vault_keys": (CUSTOMERS,),
    "vault_prepare": ([CUSTOMER, "new"], [b"k", b"k"]),
    # --- people
    "account_add": ("agent-9", False, NOW),
    "account_administers": ("agent-7", True),
    "account_any": (),
    "account_confirm_totp": ("agent-7", NOW, 5, [b"h"], b"s"),
    "account_count_try": ("agent-7", 1, None),
    "account_find": ("agent-7",),
    "account_forget_totp": ("agent-7",),
    "account_list": ("agent-7", NOW, NOW),
    "account_lock": ("agent-7", NOW),
    "account_passed": ("agent-7", None, None, None, "hash"),
    "account_set_password": ("agent-7", "hash", NOW),
    "account_set_up_totp": ("agent-7", b"s"),
    "account_try": ("agent-7",),
    "account_unlock": ("agent-7",),
    "link_add": (b"h", "agent-1", NOW),
    "link_find": (b"h", NOW),
    "link_use": (b"h", NOW),
    "people_expire": (NOW, NOW),
    "people_journal_add": (NOW, "agent-7", "logged_in", "agent-7", "password"),
    "people_journal_list": ("agent-7", 50),
    "look_events_add": ([uuid4()], ["S-1"], ["B-1"], [1], [9], [NOW], [NOW]),
    "look_events_in_log": ([uuid4()],),
    "look_events_waiting": (50,),
    "looks_alone": (NOW, 1_000),
    "looks_alone_here": (),
    "looks_claim": ([1], [uuid4()]),
    "looks_in_log": ("S-1", CUSTOMER, None, None, None, None, 20),
    "looks_let_go": ([uuid4()],),
    "looks_listed": (None, None, None, None, None, 50),
    "looks_untold": (NOW, 20_000),
    "provider_log_in_add": (b"h", "nonce", "verifier", "/", NOW, NOW, 20_000),
    "provider_log_in_take": (b"h", NOW),
    "session_add": (ONE, b"h", "agent-7", "password", "browser", NOW, NOW, 9),
    "session_become": (ONE, "agent-8"),
    "session_end": (ONE, None),
    "session_end_all": ("agent-7", ONE),
    "session_find": (b"h", NOW, NOW),
    "session_list": ("agent-7", NOW, NOW),
    "session_seen": (ONE, NOW),
    # --- rows
    "add_totals": columns([(*OURS, 1, "open", "CNY", "B-1", 730_001, 1, 5)]),
    "alert_journal_after": (59_000, 60_000, 500),
    "alert_journal_line": (59_000,),
    "alert_journal_end": (),
    "checkpoints_of": (*OURS, 1),
    "count_heads": (*OURS, NOW),
    "count_outdated": (*OURS, *USES, 301, 1000),
    "due_customers": (*OURS, PARTITION, NOW, 500, True),
    "checkpoint_marks": OURS,
    "part_alerts": (*OURS, *CUSTOMERS),
    "part_heads": (*OURS, *CUSTOMERS),
    "keep_looks": ("{2026-03-20T02:00:00Z}", "{S-1}", "{B-1}", f"{{{CUSTOMER}}}", "{/}"),
    "keep_use_sets": ([5000], ["a\nb"]),
    "list_parked": (100,),
    "live_versions": (ALL[0],),
    "make_live": ALL,
    "move_checkpoints": (1, 300, *columns([(*OURS, PARTITION, 1, 1, 2, 1, NOW)])),
    "outdated_customers": (*OURS, PARTITION, *USES, 301, NOW, True, 200),
    "park": (300, *columns([(*OURS, CUSTOMER, PARTITION, NOW, "why", ONE)])),
    "parked_customers": (*OURS, PARTITION),
    "change_alerts": (
        *columns([(ONE, NOW, "paid", OTHER)]),
        *columns([(*OURS, PARTITION, NOW, *AN_ALERT)]),
    ),
    "rebuild_forget_alerts": (*OURS, array_text([ONE])),
    "rebuild_keep_alerts": (*OURS, PARTITION, *columns([AN_ALERT])),
    "heads_of": (*OURS, CUSTOMERS),
    "recorded_beside": (1, PARTITION, 500, *OURS),
    "rebuild_standing": columns([(*OURS, customer) for customer in CUSTOMERS]),
    "restate_alerts": columns([(ONE, "B-1", 5, "snoozed", "x", NOW, NOW, None)]),
    "note_alerts": columns([(ONE, NOW, "snoozed")]),
    "retry_parked": (None,),
    "settle_partition": (*OURS, 1, PARTITION, 1, 301),
    "standing_alerts": columns([(*OURS, customer) for customer in CUSTOMERS]),
    "take_partition": (*OURS, 1, PARTITION),
    "totals_of": OURS,
    "upsert_heads": (300, *columns([(*OURS, CUSTOMER, PARTITION, NOW, NOW, 5)])),
    "waiting_partitions": (*ALL, PARTITIONS, NOW),
    "writers_of": ("alert_journal",),
    # --- the projector and what tells others
    "release_lock": ("touchstone deliveries",),
    "relay_upto": ("webhook",),
    # --- feeds, and what is known of the lines of their documents
    "feed_add": ("bank", "camt", "B-1", "Asia/Shanghai", "CNY", "{}", NOW),
    "feed_find": ("bank",),
    "feed_list": (),
    "feed_remove": ("bank", NOW),
    "feed_secret_end": ("bank", 1, NOW),
    "feed_secret_number": ("bank",),
    "feed_secrets": ("bank",),
    "feed_secret_add": ("bank", 1, b"s", NOW),
    "directory_seen": ([ONE, OTHER],),
    "directory_named": ([77, 78],),
    "directory_found": ([77, 78],),
    "directory_heads": (CUSTOMERS,),
    "directory_open": (CUSTOMERS,),
    "directory_payments": (CUSTOMERS, list(HOME)),
    "payer_learn": ([77], [CUSTOMER], ["P-1"]),
    "payer_unlearn": ([CUSTOMER], ["P-1"]),
    "directory_holders": ([77, 78],),
    # --- the work list of money
    "worklist_acts": ([ONE, OTHER],),
    "worklist_branches": (),
    "worklist_fitting": ("CNY", 5_000, 20),
    "worklist_known": (CUSTOMER,),
    "worklist_line": (ONE, "payment.money_unassigned"),
    "worklist_lines": (["B-1"], "payment.money_unassigned", 5_000),
    "directory_at_home": (CUSTOMERS, ["B-1"]),
    # --- finding and naming customers
    "person_events": (CUSTOMERS, list(HOME)),
    "search_due": (NOW, 200),
    "search_events": (1, PARTITION, 9_000, 16_000, list(HOME), 1_000),
    "search_found": ([-7], [7 * 20 + 3]),
    "search_heard": (CUSTOMERS, [A_DAY, A_DAY]),
    "search_homes": (CUSTOMERS,),
    "search_keep": (CUSTOMER, CUSTOMER, "B-1", True, [1, 2], None, datetime.now(UTC)),
    "search_move": (1, PARTITION, 6_000),
    "search_places": (),
    "search_recent": ([1_000_003],),
    "search_refer": ([-1], [CUSTOMER], [1], [ONE], [A_DAY]),
    "search_referred": (77, ["B-1", "B-2"]),
    "search_seen": (CUSTOMERS,),
    "search_unknown": (CUSTOMERS, [CUSTOMER]),
    # --- casework
    "alert_told": ([str(ONE)],),
    "cases_found": ("t1", 50),
    "customers_found": ("B-1", 50),
    "open_invoices": (CUSTOMERS, ["case_id-12", "case_id-13"]),
    "opening_move": (PARTITION, 1, 5),
    "opening_places": (),
    "published_cases": (CUSTOMERS, ["T-1", "T-2"]),
    "published_cases_of_nobody": (["B-1"], ["T-1"]),
    "rows_of_cases": (["case_id-7", "case_id-8"],),
    "count_parked_work": (),
    "event_of": (ONE,),
    "park_work": ("case_openings", str(ONE), "T-1", CUSTOMER, ONE, "why", NOW),
    "parked_work_again": (),
    "parked_work_done": ("case_openings", str(ONE)),
    "parked_work_due": ("case_openings", NOW, 100),
    "tier_of": (CUSTOMER,),
    # --- notices
    "begin_connecting": (),
    "begin_writing": (),
    "connect_customers": ([CUSTOMER], ["C000014"]),
    "hold_heads": (1, [1, 2]),
    "identities_since": (5,),
    "lock_groups": (CUSTOMERS,),
    "release_projector_lock": (),
    "relay_move": ("webhook", 5),
    "relay_place": ("webhook", 5),
    "snapshot_keep": ("receivables", 1, "C-new", "code", 1, 10, NOW, 3, 10, b"x"),
    "snapshots_there": columns([(*OURS, customer) for customer in CUSTOMERS]),
    "snapshot_heads": (*OURS, CUSTOMERS, 300),
    "snapshots_of": (*OURS, "x", 1, 9000, 300, 300, CUSTOMERS, 2**18, *OURS),
    "try_lock": ("touchstone deliveries",),
    "try_projector_lock": (),
    # --- rebuilds
    "rebuild_adopt": (*OURS, 1, 1),
    "rebuild_checkpoints": ("build", 1, 1, [0] * 12),
    "rebuild_claim_part": (1, 1),
    "rebuild_count_part": (1, 1, 5, 50),
    "rebuild_drop_heads": BUILD,
    "rebuild_drop_totals": BUILD,
    "rebuild_end": ("receivables",),
    "rebuild_filled_with": (ALL[0],),
    "rebuild_indexed": ("receivables", 1),
    "rebuild_left": (ALL[0],),
    "rebuild_lock_live": (ALL[0], 1),
    "rebuild_make_live": ("receivables", 3, 1),
    "rebuild_mend_heads": BUILD,
    "rebuild_mend_totals": BUILD,
    "rebuild_positions": (*OURS, 1),
    "rebuild_raise": (*TWO_BUILDS, NOW),
    "rebuild_restate": TWO_BUILDS,
    "rebuild_sum_totals": ("build", 1),
    "rebuild_tables": ("^receivables_rebuild",),
    "rebuild_unsettle": BUILD,
    "rebuild_wake_owners": (ALL[0], 1, "receivables"),
    "rebuild_walked": ("receivables", 1, 5),
    "rebuild_withdraw": (*TWO_BUILDS, NOW),
    # --- walks
    "part_bounds": (1.0, 10),
    "events_spread": (),
    "walk_spools_left": (),
    "passing_spools": (),
    "walk_customers": (CUSTOMERS, [1] * 13, [20_000] * 13),
    "customers_since": ([1] * 13, [16_600] * 13),
    "among_customers": (CUSTOMERS, "C000013", None),
    "programs": ("^touchstone ",),
    "group_events": (CUSTOMERS, [1] * 13, [20_000] * 13, None),
    "home_events": (CUSTOMERS, HOME),
    "each_merged_with": (CUSTOMERS,),
    "merged_with": (CUSTOMER,),
    "walk_groups": ("C000100", "C000120"),
    "walk_copy": ("C000100", "C000120", [1] * 13, [20_000] * 13, None),
    "walk_part": ("C000100", "C000120", [1] * 13, [20_000] * 13, None),
    "rows_without_events": OURS,
    "sample_customers": (100,),
    "publishing_branches": (None,),
    # --- the console
    "acting/alerts_seen": ([str(ONE), str(OTHER)],),
    "acting/cases_of_customer": (CUSTOMER, "case_id-7"),
    "acting/cases_seen": (["case_id-7", "case_id-8"],),
    "acting/count_triage": (None, NOW, 1_000),
    "acting/customers_seen": (CUSTOMERS,),
    "acting/put_off": (None, NOW, 20),
    "acting/triage": (None, NOW),
    "alerts/alert_journal": (None, None, CUSTOMER, None, 50),
    "alerts/alerts_found": ("snoozed", 50),
    "alerts/count_standing_alerts": ("B-1", 1_000),
    "alerts/standing_alerts": ("snoozed", 50),
    "audit/event": (str(ONE),),
    "branches/promises": (),
    "branches/stages": (A_DAY, A_DAY),
    "cases/board": (["d1", "d2"], "B-1", 20),
    "cases/board_sums": (),
    "cases/deadlines": (NOW, NOW + timedelta(hours=4), 50),
    "cases/owners": (NOW, 1_000),
    "cases/cases": ("t1", 50),
    "cases/cases_found": ("t1", 50),
    "cases/count_cases": ("t1", 1_000),
    "cases/customer_of_case": ("case_id-7",),
    "cases/open_obligations": (CUSTOMERS, ["case_id-12", "case_id-13"]),
    "credit/count_work": ("B-1", A_DAY, 1_000),
    "credit/customers_with_work": ("B-1", A_DAY, 1_000),
    "credit/work": ("B-1", A_DAY, 50),
    "customers/accounts_of": (CUSTOMERS,),
    "customers/count_listed": ("t1", 1_000),
    "customers/listed": ("B-1", "B-2", 50),
    "customers/segments": (1_000,),
    "customers/sum_listed": ("t1", 100),
    "start/called": (A_DAY, 6),
    "customers/timeline": (
        CUSTOMERS, 1, [1, 2], [9000, 9000], None, None, None, None, None, None, None, None, 50,
    ),
    "overview/count_customers": OURS,
    "overview/count_own_customers": (),
    "overview/event_rates": (1, [1, 2], [16_000, 16_000], [16_200, 16_200], NOW),
    "overview/recorded_since": (1, [1, 2], [16_000, 16_000], datetime(2024, 1, 1, tzinfo=UTC)),
    "receivables/charges_of": (CUSTOMERS, ["item_id-12", "item_id-13"]),
    "receivables/count_open_items": ("B-1", 1_000),
    "receivables/customers_found": ("B-1", 1_000),
    "receivables/invoiced": (*OURS, "open", *TODAYS, 3, "B-1"),
    "receivables/open_by_branch": (*OURS, "open", *TODAYS),
    "receivables/open_by_day": (*OURS, "open", *TODAYS, None),
    "receivables/open_currencies": (["B-1", "B-3", "B-6"],),
    "receivables/running_interest": (*OURS, ["accrued"], "running:", *TODAYS, None),
    "receivables/open_items": (["CNY", "USD"], "B-1", "B-2", 50),
    "receivables/sum_open_items": ("B-1", 1_000),
    "service/answers": (A_DAY, A_DAY, None),
    "service/cases": (A_DAY, A_DAY, None),
    "service/deadlines_kept": (A_DAY, A_DAY, None),
    "service/hours": (A_DAY, A_DAY, None),
    "service/stages": (A_DAY, A_DAY, None),
    "shared/delete_view": (str(ONE),),
    "shared/own_view": (str(ONE),),
    "shared/rename_view": (str(ONE), "new"),
    "shared/save_view": ("cases", "n", "q", "me", "private", None, NOW, 100),
    "shared/visible_views": ("cases", "me", ["B-1"], 200),
    "shared/count_parked": (*ALL, 1_000),
    "shared/filling": (),
    "shared/home": (CUSTOMER, 1, PARTITION, 9000, HOME, None),
    "shared/oldest_unread": (1, ["value_tiers", "receivables"], [1, 2], [100, 100]),
    "shared/progress": (*ALL, 1),
    "value/tiers": ("value_tiers", 1, "tier:", "CNY", "B-1"),
}  # fmt: skip

_HOMES = tables_of(ValueTiers())["standings"].name
_CASES = tables_of(CaseBoard())["cases"].name
_NEVER = "TIMESTAMPTZ '9999-12-31T00:00:00+00:00'"
_AMOUNTS = "i.currency, -i.balance_minor, i.customer_id, i.item_id"
_ARMS = " UNION ALL ".join(
    "(SELECT i.* FROM receivables_v{version}_items i WHERE i.status = 'open'"
    f" AND i.currency = ANY($1) AND i.branch_id = {branch} ORDER BY {_AMOUNTS} LIMIT $4)"
    for branch in ("$2", "$3")
).format(version=Receivables.version)

PARTS: Mapping[str, Mapping[str, str]] = {
    "alerts/count_standing_alerts": {"conditions": "branch_id = $1", "limit": "$2"},
    "alerts/standing_alerts": {
        "conditions": "state = $1 AND state <> 'open'",
        "order": "since DESC, alert_id DESC", "limit": "$2",
    },
    "alerts/alerts_found": {
        "conditions": "state = $1 AND state <> 'open'", "limit": "$2",
    },
    "cases/board": {"named": "$1", "branch": "w.branch_id = $2", "limit": "$3"},
    "cases/board_sums": {"branch": "TRUE"},
    "cases/deadlines": {
        "after": "$1", "by": "$2", "limit": "$3", "branch": "TRUE", "department": "TRUE",
        "response": "TRUE", "solution": "TRUE", "callback": "TRUE", "obligation": "TRUE",
    },
    "cases/owners": {"branch": "TRUE", "in_charge": "TRUE", "owing": "TRUE", "limit": "$2"},
    "cases/cases": {
        "arms": " UNION ALL ".join(
            f"(SELECT c.* FROM {_CASES} c WHERE c.status IN ('open', 'waiting') AND c.owner = $1"
            f" AND c.solution_due_at {there} ORDER BY c.solution_due_at, c.customer_id, c.case_id"
            " LIMIT $2)"
            for there in ("IS NOT NULL", "IS NULL")
        ),
        "order": f"coalesce(c.solution_due_at, {_NEVER}), c.customer_id, c.case_id",
        "limit": "$2",
    },
    "cases/count_cases": {
        "conditions": "c.status IN ('open', 'waiting') AND c.owner = $1", "limit": "$2",
    },
    "cases/cases_found": {
        "conditions": "c.status IN ('open', 'waiting') AND c.owner = $1", "limit": "$2",
    },
    "cases_found": {
        "conditions": "c.status IN ('open', 'waiting') AND c.owner = $1", "limit": "$2",
    },
    "customers_found": {"joins": "", "conditions": "i.branch_id = $1", "limit": "$2"},
    "credit/count_work": {
        "items_joins": "", "items_where": "i.branch_id = $1", "limit": "$3",
        "requests_where": "r.branch_id = $1 AND (r.stage <> 'refused' OR r.since_on > $2)",
    },
    "credit/customers_with_work": {
        "items_joins": "", "items_where": "i.branch_id = $1", "limit": "$3",
        "requests_where": "r.branch_id = $1 AND (r.stage <> 'refused' OR r.since_on > $2)",
    },
    "credit/work": {
        "items_arms": f"SELECT i.* FROM receivables_v{Receivables.version}_items i"
        " WHERE i.status = 'open' AND i.branch_id = $1"
        " ORDER BY i.due_on, i.customer_id, i.item_id, 'item'::text LIMIT $3",
        "items_order": "i.due_on, i.customer_id, i.item_id, 'item'::text",
        "requests_arms": f"SELECT r.* FROM receivables_v{Receivables.version}_requests r"
        " WHERE r.branch_id = $1 AND (r.stage <> 'refused' OR r.since_on > $2)"
        " ORDER BY r.since_on, r.customer_id, r.request_id, r.kind LIMIT $3",
        "requests_order": "r.since_on, r.customer_id, r.request_id, r.kind",
        "order": "w.day, w.customer_id, w.ref, w.source",
        "limit": "$3",
    },
    "search_found": {
        "conditions": "tokens @> $1::bigint[] AND tokens && $2::bigint[]", "limit": "1000",
        "few": "1000",
    },
    "search_recent": {"conditions": "tokens @> $1::bigint[]", "among": "1000", "limit": "20"},
    "search_referred": {
        "conditions": "r.ending = $1 AND s.branch_id = ANY ($2::text[])", "limit": "20",
    },
    "receivables/customers_found": {"joins": "", "conditions": "i.branch_id = $1", "limit": "$2"},
    "receivables/count_open_items": {"joins": "", "conditions": "i.branch_id = $1", "limit": "$2"},
    "customers/count_listed": {
        "source": f"{_HOMES} s", "conditions": "s.tier = $1", "limit": "$2",
    },
    "customers/sum_listed": {
        "source": f"{_HOMES} s", "conditions": "s.tier = $1", "limit": "$2",
    },
    "customers/listed": {
        "arms": " UNION ALL ".join(
            f"(SELECT s.* FROM {_HOMES} s WHERE s.branch_id = {branch}"
            " ORDER BY -s.score_minor, s.customer_id LIMIT $3)"
            for branch in ("$1", "$2")
        ),
        "order": "-s.score_minor, s.customer_id",
        "limit": "$3",
    },
    "receivables/open_currencies": {
        "branches": "unnest($1::text[])", "branch": "i.branch_id = b.branch_id",
    },
    "receivables/sum_open_items": {"joins": "", "conditions": "i.branch_id = $1", "limit": "$2"},
    "receivables/open_items": {"arms": _ARMS, "order": _AMOUNTS, "limit": "$4"},
}  # fmt: skip
"""What the console fills in beside the tables' names, for statements that leave it open."""


def _statements() -> Iterator[tuple[str, Traversable]]:
    """Yield every named statement: those of the console by topic and name, the others by name."""
    folders = [(files("services"), "")]
    while folders:
        folder, room = folders.pop()
        for entry in folder.iterdir():
            if entry.is_dir() and entry.name != "migrations" and not entry.name.startswith("_"):
                of_console = folder.name == "console" and entry.name != "sql"
                folders.append((entry, f"{entry.name}/" if of_console else room))
            elif entry.name.endswith(".sql") and folder.name == "sql":
                yield room + entry.name.removesuffix(".sql"), entry


STATEMENTS = dict(_statements())


@pytest.fixture(scope="module")
def large(postgres_server: str) -> Iterator[str]:
    """The DSN of a database with 200,000 events."""
    with Runner() as runner:
        database = fresh_database(postgres_server)
        dsn = runner.run(database.__aenter__())
        try:
            runner.run(lay_in(dsn))
            yield dsn
        finally:
            runner.run(database.__aexit__(None, None, None))


ON_ROWS = frozenset(
    {
        "cases_found", "customers_found", "directory_open", "looks_listed", "open_invoices",
        "rows_of_cases", "sources_of_branches", "tier_of", "worklist_fitting",
    }
)  # fmt: skip
"""Statements outside the console that name tables of rows, which carry a version."""


def _text(name: str) -> str:
    text = STATEMENTS[name].read_text("utf-8")
    if "/" not in name and name not in ON_ROWS and name not in PARTS:
        return text
    tables = Statements(PROJECTIONS)
    return tables.filled(text.format_map(_Kept(PARTS.get(name, {}))))


class _Kept(dict[str, str]):
    """Leaves in braces what it does not know."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _nodes(plan: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    yield plan
    below = plan.get("Plans", [])
    assert isinstance(below, list)
    for one in below:
        yield from _nodes(one)


def _number(node: Mapping[str, object], name: str) -> float:
    value = node.get(name, 0)
    assert isinstance(value, int | float)
    return value


def _looked_at(node: Mapping[str, object]) -> float:
    """Return how many rows of its table a scan has looked at."""
    each = sum(
        _number(node, name)
        for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    )
    return each * _number(node, "Actual Loops")


async def plan_of(connection: asyncpg.Connection, name: str) -> Mapping[str, object]:
    """Return the plan by which a statement was executed."""
    if "rebuilt_customers" in _text(name):
        await connection.execute("CREATE TEMPORARY TABLE rebuilt_customers (customer_id text)")
    explained = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {_text(name)}", *GIVEN[name]
    )
    [found] = json.loads(explained)
    plan: Mapping[str, object] = found["Plan"]
    return plan


def too_much(plan: Mapping[str, object]) -> list[str]:
    """Return where a plan reads more of a large table than a statement should."""
    return [
        f"{node['Node Type']} of {node['Relation Name']}: {_looked_at(node):.0f} rows"
        for node in _nodes(plan)
        if node.get("Relation Name") in LARGE
        and str(node["Node Type"]).endswith("Scan")
        and ("Seq Scan" in str(node["Node Type"]) or _looked_at(node) > MOST_ROWS)
        and _number(node, "Actual Loops")
    ]


def test_each_named_statement_has_parameters_here() -> None:
    assert sorted(STATEMENTS) == sorted(GIVEN)
    assert sorted(READ_EVERYTHING) == sorted(READ_EVERYTHING.keys() & GIVEN.keys())


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - READ_EVERYTHING.keys()))
async def test_a_statement_reads_what_it_needs(large: str, name: str) -> None:
    connection = await asyncpg.connect(large)
    try:
        transaction = connection.transaction()
        await transaction.start()
        if name in UTILITIES:
            await connection.execute(_text(name))
        else:
            assert too_much(await plan_of(connection, name)) == []
        await transaction.rollback()
    finally:
        await connection.close()


OF_THE_PLATFORM = {
    "audit/event", "customers/timeline",
    "shared/filling", "shared/home", "shared/progress", "shared/delete_view",
    "shared/own_view", "shared/rename_view", "shared/save_view", "shared/visible_views",
}  # fmt: skip
"""Statements of the console that are asked for everybody alike."""

OF_A_BRANCH = {
    **READ_EVERYTHING,
    "alerts/count_standing_alerts": "takes down the branch's customers, to count up to the cap",
    "start/called": "takes down the branch's customers, to tell whose cases are the last",
}


@pytest.mark.parametrize(
    "name",
    sorted(n for n in STATEMENTS.keys() - OF_A_BRANCH.keys() - OF_THE_PLATFORM if "/" in n),
)
async def test_a_statement_of_one_branch_reads_what_it_needs(large: str, name: str) -> None:
    connection = await asyncpg.connect(large)
    try:
        homes = tables_of(ValueTiers())["standings"].name
        branch = await connection.fetchval(f"SELECT branch_id FROM {homes} LIMIT 1")
        words = STATEMENTS[name].read_text("utf-8").format_map(_Kept(PARTS.get(name, {})))
        statement = Statements(PROJECTIONS, {branch}).filled(words)
        async with connection.transaction():
            await connection.execute(entering({branch}))
            explained = await connection.fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *GIVEN[name]
            )
        assert too_much(json.loads(explained)[0]["Plan"]) == []
    finally:
        await connection.close()


async def test_currencies_of_branches_without_open_items_are_found_in_a_step(large: str) -> None:
    """Whoever sees some branches alone has no index walked for what only others owe."""
    connection = await asyncpg.connect(large)
    items = tables_of(Receivables())["items"].name
    try:
        owing = await connection.fetchval(
            f"SELECT count(*) FROM {items} WHERE status = 'open' AND branch_id IN ('B-1', 'B-3')"
        )
        name = "receivables/open_currencies"
        words = STATEMENTS[name].read_text("utf-8").format_map(_Kept(PARTS[name]))
        seen = {"B-1", "B-3"}
        statement = Statements(PROJECTIONS, seen).filled(words)
        async with connection.transaction():
            await connection.execute(entering(seen))
            explained = await connection.fetchval(
                f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", sorted(seen)
            )
    finally:
        await connection.close()
    assert owing == 0
    looked = [_looked_at(one) for one in _nodes(json.loads(explained)[0]["Plan"])
              if one.get("Relation Name") == items]  # fmt: skip
    assert sum(looked) == 0


class _Explaining:
    """A connection that keeps what the plans of its questions read too much of."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.too_much: list[str] = []

    async def fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        explained = await self._connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *parameters
        )
        self.too_much += too_much(json.loads(explained)[0]["Plan"])
        return await self._connection.fetch(statement, *parameters)


def _reader(explaining: _Explaining, scope: Scope) -> Reader:
    """Return what asks as a clerk of a scope."""
    heads = PositionVector(1, (0,) * 13)
    return Reader(
        explaining,  # type: ignore[arg-type]
        {one.name: one for one in PROJECTIONS},
        Statements(PROJECTIONS, scope.branches),
        {one.name: Progress(heads, heads, 0) for one in PROJECTIONS},
        Reference(),
        NOW,
        Principal("clerk", scope),
        None,
    )


async def test_lists_of_who_sees_some_branches_read_what_is_theirs(large: str) -> None:
    """Nobody asked for a branch; nothing open is B-1's or B-3's, and B-13 has no customer."""
    seen = frozenset({"B-1", "B-3", "B-13"})
    connection = await asyncpg.connect(large)
    explaining = _Explaining(connection)
    reader = _reader(explaining, Scope(seen))
    signer = CursorSigner(b"key")
    try:
        async with connection.transaction():
            await connection.execute(entering(seen))
            items = await open_items(reader, WorkFilter(), 50, signer, None)
            customers = await listed(reader, CustomerFilter(), 50, signer, None)
    finally:
        await connection.close()
    assert (len(items.entries), len(customers.entries)) == (0, 50)
    assert explaining.too_much == []


async def test_who_has_no_case_and_what_some_owe_is_found_without_a_walk(large: str) -> None:
    """The start page asks for the own cases, and the list of customers for what all owe."""
    connection = await asyncpg.connect(large)
    explaining = _Explaining(connection)
    reader = _reader(explaining, Scope())
    accounts = tables_of(Receivables())["accounts"].name
    try:
        async with connection.transaction():
            own = await cases(reader, CaseFilter(owner="nobody"), 6, CursorSigner(b"key"), None)
            walked = [one for one in explaining.too_much if "Seq Scan" in one or "pkey" in one]
            explaining.too_much.clear()
            sums = await sums_of(reader, CustomerFilter())
            walked += [one for one in explaining.too_much if f"Seq Scan of {accounts}" in one]
    finally:
        await connection.close()
    assert own.entries == ()
    assert sums.customers > 1_000
    assert walked == []


UTILITIES: frozenset[str] = frozenset()
"""What is no query and has no plan."""


async def test_a_walk_of_a_large_table_is_found(large: str) -> None:
    connection = await asyncpg.connect(large)
    try:
        for walk in (
            "SELECT count(*) FROM events WHERE branch_id = 'B-1'",
            "SELECT * FROM events WHERE customer_id || '' = 'C000013' ORDER BY event_id",
            "SELECT * FROM events WHERE (generation, partition) < (1, 6) AND data = ''",
        ):
            explained = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {walk}")
            assert too_much(json.loads(explained)[0]["Plan"]), walk
    finally:
        await connection.close()


OF_PAGES = {
    "alerts_newest": "the alerts' page without a branch",
}
"""Indexes of large tables that no statement uses as it is given here, and who does."""


async def test_each_index_of_a_large_table_is_used(large: str) -> None:
    """An index that no plan uses costs every event its writing: who needs it says so here."""
    connection = await asyncpg.connect(large)
    used: set[object] = set()
    try:
        for name in sorted(STATEMENTS.keys() - UTILITIES):
            transaction = connection.transaction()
            await transaction.start()
            for node in _nodes(await plan_of(connection, name)):
                arbiters = node.get("Conflict Arbiter Indexes", [])
                assert isinstance(arbiters, list)
                used.update((node.get("Index Name"), *arbiters))
            await transaction.rollback()
        rows = await connection.fetch(
            "SELECT indexname FROM pg_indexes WHERE tablename = ANY($1)", SHARED
        )
    finally:
        await connection.close()
    assert sorted({row["indexname"] for row in rows} - used) == sorted(OF_PAGES)


SHARED = sorted(name for name in LARGE if "_v" not in name)
"""Large tables that every event or customer adds to, whatever the projection."""
