-- What each assessment used of the rules and the reference data, so that a new record has only
-- those assessed again that it concerns.

-- Most customers used the same: each set of uses stands here once, under a digest of it.
CREATE TABLE use_sets (
    uses_id bigint PRIMARY KEY,
    uses text[] NOT NULL
);
CREATE INDEX use_sets_uses ON use_sets USING gin (uses);

-- 0: assessed before uses were noted; everything may have been used.
ALTER TABLE projection_heads ADD COLUMN uses_id bigint NOT NULL DEFAULT 0;
DROP INDEX projection_heads_policy;
CREATE INDEX projection_heads_uses
    ON projection_heads (projection, version, partition, uses_id, policy_count);

-- How many events of the reference stream every customer of the partition reflects: of the later
-- ones a sweep is under way.
ALTER TABLE checkpoints ADD COLUMN settled integer NOT NULL DEFAULT 0;
