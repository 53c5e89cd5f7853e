"""Tests read as facts; the folders are the kinds: unit, contract, integration, acceptance..."""
