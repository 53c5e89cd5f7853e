"""What auditors ask: replay, reports as of a day, digests, and proof that rows agree."""
