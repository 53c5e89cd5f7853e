"""What the facts mean: one folder per projection. Pure."""

from projections.protocol import Projection
from projections.receivables.projection import Receivables

PROJECTIONS: tuple[Projection, ...] = (Receivables(),)
"""Every projection that the platform keeps; a new one is one line here."""
