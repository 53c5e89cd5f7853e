"""What is given to statements of the way in: sources, feeds, calls and the work list of money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

from tests.support.plans.values import CUSTOMER, CUSTOMERS, HOME, NOW, ONE, OTHER, Arguments

GIVEN: Mapping[str, Arguments] = {
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
    "feed_line_tell": ("phones", True, NOW, NOW, NOW, 1, 12, 0, None),
    "feed_lines": (),
    "feeds_that_listen": (),
    "operating_lines": (NOW,),
    # --- calls that ring, and the signals of those that are not over
    "call_left": ("phones", "call-7", None, NOW - timedelta(hours=12)),
    "call_pops_gone": ("phones", ["call-7", "call-8"]),
    "call_pops_of": (["agent-1", "agent-2"], NOW - timedelta(hours=12)),
    "call_rings": (
        "phones", "call-7", "agent-1", "B-1", "in", "hotline", CUSTOMERS, b"s", NOW,
    ),
    "call_signal_add": ("phones", "call-7", b"d", NOW, b"s"),
    "call_signals": ("phones", "call-7"),
    "call_signals_done": ("phones", "call-7", NOW - timedelta(days=2)),
    "call_taken": ("phones", "call-7", "agent-1", NOW),
    # --- files that are handed in by form
    "import_begin": (ONE,),
    "import_done": (ONE, "{}", NOW),
    "import_find": (ONE,),
    "import_forget_rows": (ONE,),
    "import_next": (),
    "import_parts": (ONE,),
    "import_progress": (ONE, 300, 2_000),
    "import_rows": (ONE,),
    "import_take": ("B-1", "wallet", "May.csv", 20_000, "agent-1", NOW),
    "import_unusable": (ONE, "{}", NOW),
    "imports_expire": (NOW - timedelta(days=90),),
    "imports_latest": (["B-1"], 50),
    # --- the work list of money
    "worklist_acts": ([ONE, OTHER],),
    "worklist_branches": (),
    "worklist_fitting": ("CNY", 5_000, 20),
    "worklist_known": (CUSTOMER,),
    "worklist_line": (ONE, "payment.money_unassigned"),
    "worklist_lines": (["B-1"], "payment.money_unassigned", 5_000),
    "directory_at_home": (CUSTOMERS, ["B-1"]),
}  # fmt: skip
