-- When an acknowledged event was recorded, for its receipt, until the mirror has it.
ALTER TABLE log_confirmed ADD COLUMN recorded_at timestamptz;
