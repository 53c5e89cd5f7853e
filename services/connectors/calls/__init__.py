"""Telephone calls while they run: whose screen they pop up on, and what is recorded of them."""
