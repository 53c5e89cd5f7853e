"""What customers owe, item by item: the books, and what they mean at an instant.

Read in this order: rows, books (allocation), ledger, billing, payments and orders (what each
fact does), replay (the walk), rules (policies), reading (promises and dunning), alerts and
causes, balances and horizon, projection; statement, credit and reports build on it.
"""
