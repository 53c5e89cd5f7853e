"""Twenty million events: how this build bears them, and in which order they are read best."""
