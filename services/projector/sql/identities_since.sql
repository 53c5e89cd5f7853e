-- $1 what is known of the changes: those that came after it, and how they leave the customers.
SELECT customer_id, group_id, ordinal FROM identities WHERE ordinal > $1 ORDER BY ordinal
