"""Everything that may turn into bad debt, before delivery, delivered and overdue, as one list."""
