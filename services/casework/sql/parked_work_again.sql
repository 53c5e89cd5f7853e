-- All that is parked is to be tried at once.
UPDATE parked_work SET next_try_at = '-infinity';
