"""What the memo of receivables is made of, so that a long one can be kept outside of memory."""

from projections.books.account import Account
from projections.books.anatomy import BOOKS, LONG_ACCOUNT, LONG_BOOKS
from projections.books.ledger import Ledger
from projections.protocol import Anatomy
from projections.receivables.promises import Promises

ANATOMY = Anatomy(
    parts=BOOKS,
    long={
        Account: LONG_ACCOUNT,
        Ledger: LONG_BOOKS,
        Promises: ("_about", "states"),
    },
)
