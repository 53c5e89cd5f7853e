-- Anybody may begin a log-in at the company's provider: those that are over, and the oldest where there
-- are too many, make room whenever one begins.
CREATE INDEX provider_log_ins_end ON provider_log_ins (ends_at);
