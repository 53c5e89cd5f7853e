"""One customer on one page, and as JSON: who, what is owed, what it is worth, every touchpoint."""
