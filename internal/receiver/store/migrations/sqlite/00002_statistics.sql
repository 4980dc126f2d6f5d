-- +goose Up

-- Counting must not read the requests themselves, which may be long.
CREATE INDEX requests_counted ON requests (state, status, created_at) WHERE authenticated;
CREATE INDEX requests_unclaimed ON requests (created_seq) WHERE returned_at IS NULL AND last_read_at IS NULL;

-- +goose Down
DROP INDEX requests_unclaimed;
DROP INDEX requests_counted;
