"""What the memo of customer value is made of, so that a long one can be kept outside of memory."""

from projections.books.anatomy import BOOKS, LONG_ACCOUNT, LONG_BOOKS
from projections.protocol import Anatomy
from projections.value_tiers.books import ValueBooks
from projections.value_tiers.collected import CollectedLedger
from projections.value_tiers.contributions import Claim, Contribution, Contributions
from projections.value_tiers.journal import JournalAccount, Touched
from projections.value_tiers.sales import Bought, Purchases
from projections.value_tiers.tills import OrderParts

ANATOMY = Anatomy(
    parts=(*BOOKS, Claim, Contribution, JournalAccount, OrderParts, Purchases, Touched),
    long={
        Bought: ("_sales",),
        CollectedLedger: (*LONG_BOOKS, "cash", "cash_notes", "claims", "parts"),
        Contributions: ("corrected", "happenings"),
        JournalAccount: LONG_ACCOUNT,
        Purchases: ("instants",),
        ValueBooks: ("_freight", "_orders", "_visits"),
    },
)
