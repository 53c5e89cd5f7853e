"""Walks over all customers' events."""
