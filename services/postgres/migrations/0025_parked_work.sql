-- What casework could not do by itself: why, and when it is tried again.
CREATE TABLE parked_work (
    work        text        NOT NULL,  -- case_openings or case_escalations
    id          text        NOT NULL,  -- the event that opens a case, or the line of the alert journal
    case_id     text,
    customer_id text,  -- null: it is nobody's
    event_id    uuid,
    reason      text        NOT NULL,
    parked_at   timestamptz NOT NULL,
    tries       integer     NOT NULL,
    next_try_at timestamptz NOT NULL,
    PRIMARY KEY (work, id)
);
