"""The books of one customer's money: what receivables and value tiers both rest on.

Read in this order: records (what the books are made of), account (in which order money meets
items), ledger (one customer's books), billing, payments and orders (what each fact does), replay
(the walk in fact order), rules (policies), days, ageing.
"""
