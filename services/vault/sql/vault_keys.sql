-- $1 subjects: their keys, null where destroyed.
SELECT subject, wrapped_key FROM subject_keys WHERE subject = ANY ($1::text[]);
