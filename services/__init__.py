"""Everything that touches a socket, a clock or a disk."""
