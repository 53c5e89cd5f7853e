SELECT * FROM alerts
WHERE projection = $1 AND version = $2 AND customer_id = ANY($3::text::text[])
