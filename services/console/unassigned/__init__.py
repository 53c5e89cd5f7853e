"""Money that no rule assigned: who it may be of, and one click to say so."""
