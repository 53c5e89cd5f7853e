"""Who takes part: each is a process of its own, told what to do by one line of JSON."""
