"""What customers owe, item by item: the books, and what they mean at an instant.

Read in this order: rows, rules (policies), reading (promises and dunning), alerts and causes,
balances, requests and horizon, projection; statement, credit and reports build on it. The books
themselves are the stage below, projections/books.
"""
