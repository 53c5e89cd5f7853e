"""Tests read as facts; the folders are the kinds: unit, contract, integration, acceptance..."""

import services  # noqa: F401 - before anything else: it settles what is imported compiled
