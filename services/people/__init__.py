"""The people who use the platform: who asks, what he or she may do, and whose rows may be seen."""
