package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// certificates are the server's, from files that may change while it runs.
type certificates struct {
	certificate, key string
	current          atomic.Pointer[tls.Certificate]
}

// loadCertificates returns nil when neither file is named: the receiver is to
// speak plain HTTP.
func loadCertificates(certificate, key string) (*certificates, error) {
	if certificate == "" && key == "" {
		return nil, nil
	}
	if certificate == "" || key == "" {
		return nil, errors.New("--tls-certificate and --tls-key must be given together")
	}
	c := &certificates{certificate: certificate, key: key}
	if _, err := c.reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// reload reads the files again. What it cannot use changes nothing.
func (c *certificates) reload() (changed bool, err error) {
	pair, err := tls.LoadX509KeyPair(c.certificate, c.key)
	if err != nil {
		return false, fmt.Errorf("--tls-certificate and --tls-key: %w", err)
	}
	before := c.current.Swap(&pair)
	return before == nil || !slices.EqualFunc(before.Certificate, pair.Certificate, bytes.Equal), nil
}

// ends is how to learn when the certificate does; nil without one.
func (c *certificates) ends() func() time.Time {
	if c == nil {
		return nil
	}
	return func() time.Time { return c.current.Load().Leaf.NotAfter }
}

// config is nil without certificates. Connections that are open keep theirs.
func (c *certificates) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	}
}
