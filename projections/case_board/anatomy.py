"""What the memo of the case board is made of, so that a long one can be kept outside of memory."""

from projections.case_board.calls import PromisedCall
from projections.case_board.cases import Case
from projections.case_board.parts import Obligation
from projections.case_board.replay import Board
from projections.protocol import Anatomy

ANATOMY = Anatomy(
    parts=(Case, Obligation, PromisedCall),
    long={
        Board: ("_cases_called", "_kept", "_referrers", "acknowledged", "calls", "cases"),
    },
)
