"""Acting from pages: forms of commands, of touchpoints, and of one command on many."""
