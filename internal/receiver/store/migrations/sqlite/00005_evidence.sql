-- +goose Up

-- The place at which an event counts that has got a later one of its own.
ALTER TABLE events ADD COLUMN came BIGINT;
CREATE INDEX events_came ON events (request_id, came) WHERE came IS NOT NULL;

-- Whether the acknowledgement itself came with credentials.
ALTER TABLE acknowledgements ADD COLUMN vouched BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE acknowledgements SET vouched = TRUE WHERE EXISTS
    (SELECT 1 FROM events WHERE events.request_id = acknowledgements.request_id AND events.authenticated
        AND events.account_name = acknowledgements.account_name AND LOWER(events.qos_event) = 'qoschangereqack'
        AND (events.status = '' OR UPPER(events.status) = 'SUCCESS'));
CREATE INDEX acknowledgements_vouched ON acknowledgements (account_name, device_key, seq) WHERE vouched;

-- What nobody has vouched for is found by its age.
CREATE INDEX requests_unvouched ON requests (created_at) WHERE NOT authenticated AND NOT live;
CREATE INDEX events_unvouched ON events (received_at, seq) WHERE NOT authenticated;

-- Stops without an answer are few.
CREATE INDEX stops_journalled ON stops (created_at) WHERE state = 'journalled';

-- What was told of a session last.
CREATE INDEX camara_notifications_told ON camara_notifications (resource_id, seq) WHERE status <> '';

-- How often callbacks came again that are to be passed on.
CREATE TABLE repeats (
    digest  TEXT PRIMARY KEY, -- of the body without its counter
    again   BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX repeats_last_at ON repeats (last_at);
CREATE INDEX repeats_cut ON repeats (again) WHERE again >= 5;

-- +goose Down
DROP TABLE repeats;
DROP INDEX camara_notifications_told;
DROP INDEX stops_journalled;
DROP INDEX events_unvouched;
DROP INDEX requests_unvouched;
DROP INDEX acknowledgements_vouched;
ALTER TABLE acknowledgements DROP COLUMN vouched;
DROP INDEX events_came;
ALTER TABLE events DROP COLUMN came;
