-- Records of a topic that the mirror dropped, since their event had come before.
CREATE TABLE mirror_duplicates (
    generation smallint NOT NULL,
    partition smallint NOT NULL,
    dropped bigint NOT NULL,
    PRIMARY KEY (generation, partition)
);
