UPDATE relays SET upto = $2, updated_at = now() WHERE name = $1 AND upto < $2
