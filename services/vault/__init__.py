"""Customers' keys, wrapped by the master key."""
