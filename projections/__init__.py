"""What the facts mean: one folder per projection. Pure."""

from projections.case_board.projection import CaseBoard
from projections.protocol import Projection
from projections.receivables.projection import Receivables
from projections.value_tiers.projection import ValueTiers

PROJECTIONS: tuple[Projection, ...] = (Receivables(), ValueTiers(), CaseBoard())
"""Every projection that the platform keeps; a new one is one line here."""
