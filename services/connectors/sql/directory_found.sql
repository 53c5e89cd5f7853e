-- $1 tokens: the customers that have any of them. They lie with the head of each group.
SELECT customer_id, head, tokens FROM search_customers WHERE tokens && $1::bigint[];
