"""Who calls: what pops up while a telephone rings, and the page that opens once it is taken."""
