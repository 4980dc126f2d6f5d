-- +goose Up

-- What CAMARA operators told; resource_id is a session's or an assignment's.
CREATE TABLE camara_notifications (
    seq         BIGINT PRIMARY KEY,
    key         TEXT COLLATE "C" NOT NULL UNIQUE,
    received_at BIGINT NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    status      TEXT   NOT NULL,
    status_info TEXT   NOT NULL,
    type        TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    event_id    TEXT   NOT NULL,
    time        TEXT   NOT NULL,
    deliveries  BIGINT NOT NULL,
    body        TEXT   NOT NULL
);
CREATE INDEX camara_notifications_resource ON camara_notifications (resource_id, seq);
CREATE INDEX camara_notifications_bodies ON camara_notifications (received_at) WHERE body <> '';

-- +goose Down
DROP TABLE camara_notifications;
