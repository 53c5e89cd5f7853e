-- Keys are a branch's, which publishes, or a member of staff's, who commands.
ALTER TABLE branch_keys ADD COLUMN staff_id text;
ALTER TABLE branch_keys ALTER COLUMN branch_id DROP NOT NULL;
ALTER TABLE branch_keys ADD CONSTRAINT branch_keys_whose
    CHECK ((branch_id IS NULL) <> (staff_id IS NULL));
