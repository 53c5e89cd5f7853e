"""The contract's upkeep: publish schemas, compare them, describe them. Files only, no server."""
