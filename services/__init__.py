"""Everything that touches a socket, a clock or a disk."""

from services.native import choose

choose()
