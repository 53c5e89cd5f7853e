"""The projector: takes events in, keeps facts, assesses, and writes rows exactly once."""
