SELECT upto FROM relays WHERE name = $1
