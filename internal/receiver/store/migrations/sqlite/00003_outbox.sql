-- +goose Up

-- What is to be passed on to other listeners, a row for each of them. Bodies have
-- no credentials.
CREATE TABLE outbox (
    id          TEXT    PRIMARY KEY,
    seq         BIGINT  NOT NULL, -- of the callback's first event
    target      TEXT    NOT NULL,
    lane        TEXT    NOT NULL, -- what keeps its order
    request_id  TEXT    NOT NULL,
    qos_event   TEXT    NOT NULL,
    received_at BIGINT  NOT NULL,
    since       BIGINT  NOT NULL, -- when it was first due
    due_at      BIGINT  NOT NULL, -- while it is claimed, when the claim lapses
    claim       TEXT    NOT NULL DEFAULT '',
    attempts    BIGINT  NOT NULL DEFAULT 0, -- that failed
    dead        BOOLEAN NOT NULL DEFAULT FALSE,
    reason      TEXT    NOT NULL DEFAULT '',
    passed      TEXT    NOT NULL, -- receivers that it came through
    body        TEXT    NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (target, seq) WHERE NOT dead;
CREATE INDEX outbox_lane ON outbox (target, lane, seq) WHERE NOT dead;
CREATE INDEX outbox_dead ON outbox (target, seq) WHERE dead;
CREATE INDEX outbox_place ON outbox (seq, id);
CREATE INDEX outbox_received_at ON outbox (received_at);

-- +goose Down
DROP TABLE outbox;
