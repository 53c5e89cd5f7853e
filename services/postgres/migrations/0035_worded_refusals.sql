-- Why an event was refused, in any language: a template and what it names, as JSON. What was
-- refused before has null here, and its reason in English alone.
ALTER TABLE quarantine
    ADD COLUMN reason_worded text,
    ADD COLUMN remedy_worded text;
