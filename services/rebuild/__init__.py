"""Rebuilds a projection beside the live one, on all cores, and switches without a pause.

Row tables belong to a projection version. A new version is filled in tables of its own name,
which only programs of that version read; the same version again (to mend damaged rows) is
filled under another name, and the switch writes the differences into the live tables. Tables
are never renamed under a reader: PostgreSQL finds a name in its catalogue as of now, but rows
as of the reader's snapshot, so that a reader that began before such a switch would find the
new tables emptier than the old ones. Ordinary writes keep every reader's picture whole, and
the next one is never older.
"""
