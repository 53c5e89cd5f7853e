"""What auditors ask: what an event did, and whether rows are what the events say."""
