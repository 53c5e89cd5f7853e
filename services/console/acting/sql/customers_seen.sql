SELECT DISTINCT i.customer_id FROM {items} i WHERE i.customer_id = ANY($1)
