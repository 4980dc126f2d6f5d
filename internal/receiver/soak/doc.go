// Package soak holds nothing but a test: of the receiver as it is run in
// production, for minutes rather than milliseconds. Two replicas share one
// PostgreSQL, a thousand requests are waited for, callbacks come twice and out of
// order, and all the while processes are killed and the database goes away. A plain
// `go test` plays it small; `make soak` plays it in full.
package soak
