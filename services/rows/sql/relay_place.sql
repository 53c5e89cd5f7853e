-- $1 whose; $2 where to begin if it never told anything.
INSERT INTO relays AS r (name, upto) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET upto = r.upto
RETURNING upto
