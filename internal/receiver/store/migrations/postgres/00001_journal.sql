-- +goose Up

-- Times are microseconds since 1970-01-01 UTC. One sequence numbers events,
-- stops and revisions, so that "came after" has one meaning for all of them.
-- Keys sort by their bytes: an index then outlives a change of the system's locales.
CREATE TABLE meta (
    id        BIGINT PRIMARY KEY CHECK (id = 1),
    store_id  TEXT   NOT NULL,
    sequence  BIGINT NOT NULL,
    pinged_at BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 10); -- Its row changes with every transaction; there is room for the old ones.

-- Tells the tables from another program's.
COMMENT ON TABLE meta IS 'qos-receiver';

CREATE TABLE requests (
    id                TEXT COLLATE "C" PRIMARY KEY,
    revision          BIGINT  NOT NULL,
    created_seq       BIGINT  NOT NULL UNIQUE,
    state             TEXT COLLATE "C" NOT NULL,
    origin            TEXT    NOT NULL,
    account_name      TEXT COLLATE "C" NOT NULL,
    request_id        TEXT COLLATE "C" NOT NULL DEFAULT '',
    request_id_source TEXT    NOT NULL DEFAULT '',
    devices           TEXT    NOT NULL,
    policies          TEXT    NOT NULL,
    known             TEXT    NOT NULL,
    claim             TEXT COLLATE "C" NOT NULL DEFAULT '',
    claim_generation  BIGINT  NOT NULL DEFAULT 0,
    authenticated     BOOLEAN NOT NULL,
    live              BOOLEAN NOT NULL,
    doubtful          BOOLEAN NOT NULL, -- an intent whose request id is unknown or inferred
    status            TEXT COLLATE "C" NOT NULL,
    last_event        TEXT    NOT NULL DEFAULT '',
    reported_time     TEXT    NOT NULL DEFAULT '',
    journal_reason    TEXT    NOT NULL DEFAULT '',
    status_reason     TEXT    NOT NULL DEFAULT '',
    subscriptions     TEXT    NOT NULL,
    candidates        TEXT    NOT NULL,
    sent_seq          BIGINT  NOT NULL DEFAULT 0,
    lease_expires_at  BIGINT,
    created_at        BIGINT  NOT NULL,
    sent_at           BIGINT,
    accepted_at       BIGINT,
    returned_at       BIGINT,
    last_read_at      BIGINT,
    claim_imported_at BIGINT
);
CREATE UNIQUE INDEX requests_request_id ON requests (request_id) WHERE request_id <> '';
CREATE INDEX requests_revision ON requests (revision);
CREATE INDEX requests_claim ON requests (claim);
CREATE INDEX requests_account ON requests (account_name, created_seq);
CREATE INDEX requests_lease ON requests (state, lease_expires_at);
CREATE INDEX requests_doubtful ON requests (account_name, created_seq) WHERE doubtful;

CREATE TABLE request_devices (
    request    TEXT COLLATE "C" NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
    device_key TEXT COLLATE "C" NOT NULL,
    configured BOOLEAN NOT NULL, -- asked for, and not only heard of
    PRIMARY KEY (request, device_key)
);
CREATE INDEX request_devices_device ON request_devices (device_key);

CREATE TABLE request_subscriptions (
    request             TEXT COLLATE "C" NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
    qos_subscription_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (request, qos_subscription_id)
);
CREATE INDEX request_subscriptions_subscription ON request_subscriptions (qos_subscription_id);

CREATE TABLE stops (
    id                  TEXT COLLATE "C" PRIMARY KEY,
    request             TEXT COLLATE "C" NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
    seq                 BIGINT NOT NULL,
    qos_subscription_id TEXT COLLATE "C" NOT NULL,
    state               TEXT COLLATE "C" NOT NULL,
    request_id          TEXT COLLATE "C" NOT NULL DEFAULT '',
    reason              TEXT   NOT NULL DEFAULT '',
    created_at          BIGINT NOT NULL
);
CREATE INDEX stops_request ON stops (request);
CREATE INDEX stops_request_id ON stops (request_id);

CREATE TABLE events (
    seq                 BIGINT  PRIMARY KEY,
    key                 TEXT COLLATE "C" NOT NULL UNIQUE,
    received_at         BIGINT  NOT NULL,
    request_id          TEXT COLLATE "C" NOT NULL,
    account_name        TEXT COLLATE "C" NOT NULL,
    qos_subscription_id TEXT COLLATE "C" NOT NULL,
    device_ids          TEXT    NOT NULL,
    qos_event           TEXT    NOT NULL,
    status              TEXT COLLATE "C" NOT NULL,
    reason              TEXT    NOT NULL,
    reported_time       TEXT    NOT NULL,
    makes_request       BOOLEAN NOT NULL,
    ambiguous           BOOLEAN NOT NULL,
    authenticated       BOOLEAN NOT NULL,
    deliveries          BIGINT  NOT NULL,
    body                TEXT    NOT NULL
);
CREATE INDEX events_request_id ON events (request_id, seq);
CREATE INDEX events_making ON events (request_id, seq) WHERE makes_request;
CREATE INDEX events_subscription ON events (qos_subscription_id, seq);
CREATE INDEX events_bodies ON events (received_at) WHERE body <> '';

-- Which devices a request was acknowledged for, and when first.
CREATE TABLE acknowledgements (
    account_name TEXT COLLATE "C" NOT NULL,
    device_key   TEXT COLLATE "C" NOT NULL,
    request_id   TEXT COLLATE "C" NOT NULL,
    seq          BIGINT NOT NULL,
    PRIMARY KEY (account_name, device_key, request_id)
);
CREATE INDEX acknowledgements_seq ON acknowledgements (account_name, device_key, seq);
CREATE INDEX acknowledgements_request_id ON acknowledgements (request_id, device_key);

CREATE TABLE quarantine (
    id          TEXT COLLATE "C" PRIMARY KEY,
    seq         BIGINT NOT NULL UNIQUE, -- of its first event
    key         TEXT COLLATE "C" NOT NULL UNIQUE,
    request_id  TEXT COLLATE "C" NOT NULL,
    received_at BIGINT NOT NULL,
    source      TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    size        BIGINT NOT NULL, -- of its events, in bytes
    events      TEXT   NOT NULL
);
CREATE INDEX quarantine_request_id ON quarantine (request_id, seq);
CREATE INDEX quarantine_received_at ON quarantine (received_at);

-- +goose Down
DROP TABLE quarantine;
DROP TABLE acknowledgements;
DROP TABLE events;
DROP TABLE stops;
DROP TABLE request_subscriptions;
DROP TABLE request_devices;
DROP TABLE requests;
DROP TABLE meta;
