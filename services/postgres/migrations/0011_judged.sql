-- The latest instant at which a partition's customers were assessed. No event that came later was
-- recorded before it, so that a rebuild may judge up to it what had been taken in by then.
ALTER TABLE checkpoints ADD COLUMN judged_at timestamptz;
