-- Filters of the console's lists that somebody keeps under a name, alone or with others.

CREATE TABLE saved_views (
    view_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    list      text NOT NULL,         -- receivables, cases, customers, alerts, credit
    name      text NOT NULL,
    query     text NOT NULL,         -- the page's parameters, as in its address
    owner     text NOT NULL,         -- who made it; nobody else changes it
    audience  text NOT NULL CHECK (audience IN ('private', 'branch', 'company')),
    branch_id text CHECK ((audience = 'branch') = (branch_id IS NOT NULL)),
    saved_at  timestamptz NOT NULL,
    UNIQUE (owner, list, name)
);

CREATE INDEX saved_views_shared ON saved_views (list, audience, branch_id)
    WHERE audience <> 'private';
