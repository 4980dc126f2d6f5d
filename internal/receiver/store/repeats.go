package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// callbackCount is the member of a callback that says how often it was sent
// (ThingSpace's callbacks, "callbackCount"); letter case does not matter.
const callbackCount = "callbackcount"

// repeated counts a callback that says nothing which has not come before, and returns
// how often it has come again. Events may be the same that were told of in other
// words: only what is the same but for its counter counts as one.
func (t *tx) repeated(ctx context.Context, one outgoing) (digest string, again int, err error) {
	if one.deliveries <= 1 {
		return "", 0, nil
	}
	digest = digestOf(one.Forward.Body)
	err = t.QueryRowContext(ctx, `INSERT INTO repeats (digest, again, last_at) VALUES ($1, 1, $2)
		ON CONFLICT (digest) DO UPDATE SET again = repeats.again + 1, last_at = excluded.last_at RETURNING again`,
		digest, t.now.UnixMicro()).Scan(&again)
	if err != nil {
		return "", 0, fmt.Errorf("count a callback that comes again: %w", err)
	}
	return digest, again, nil
}

// digestOf is the same for bodies that differ in their counters only.
func digestOf(body string) string {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var content any
	if err := decoder.Decode(&content); err == nil {
		if plain, err := json.Marshal(withoutCounters(content)); err == nil {
			body = string(plain)
		}
	}
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func withoutCounters(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if strings.EqualFold(name, callbackCount) {
				delete(v, name)
				continue
			}
			v[name] = withoutCounters(member)
		}
	case []any:
		for i := range v {
			v[i] = withoutCounters(v[i])
		}
	}
	return value
}

// sweepRepeats drops the counts of what has not come since the cutoff.
func (s *Store) sweepRepeats(ctx context.Context, cutoff int64) error {
	expired, err := s.exists(ctx, "repeats", `last_at < $1`, cutoff)
	if err != nil || !expired {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		return t.exec(ctx, `DELETE FROM repeats WHERE last_at < $1`, cutoff)
	})
}
