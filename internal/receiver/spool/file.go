package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/qosform/terraform-provider-qos/internal/receiver"
)

const (
	finished = ".callbacks"
	suspect  = ".quarantined" // callbacks with wrong credentials
	begun    = ".part"        // a file that nobody was told of yet
	// block is what files are made of on disk: a small one takes as much.
	block = 4096
)

// callback is one that waits. It has either events, or a CAMARA operator's
// notifications, or is one to be quarantined.
type callback struct {
	// Since is the place that the sequence of Store had reached when it came.
	Since         int64                   `json:"since"`
	Store         string                  `json:"store,omitempty"`
	Events        []receiver.Event        `json:"events,omitempty"`
	Notifications []receiver.Notification `json:"notifications,omitempty"`
	Quarantined   *receiver.Quarantined   `json:"quarantined,omitempty"`
	// Refused is why it was set aside.
	Refused string `json:"refused,omitempty"`

	line int // of its file
}

// kind is which of its tables the store keeps a callback in.
type kind int

const (
	ofThingSpace kind = iota
	ofCAMARA
	ofSuspects
)

const kinds = int(ofSuspects) + 1

func (c callback) kind() kind {
	switch {
	case c.Quarantined != nil:
		return ofSuspects
	case len(c.Notifications) > 0:
		return ofCAMARA
	}
	return ofThingSpace
}

// sinceIn is the place of a store's sequence since which it counts. In another one
// than that which it came for, it counts as older than everything.
func (c callback) sinceIn(storeID string) int64 {
	if c.Store != "" && c.Store != storeID {
		return 0
	}
	return c.Since
}

// rows is how many it is to the store, more or less.
func (c callback) rows() int {
	if c.Quarantined != nil {
		return len(c.Quarantined.Events)
	}
	return len(c.Events) + len(c.Notifications)
}

// size is about how many bytes it takes.
func (c callback) size() int {
	const beside = 512 // names and short values
	events := c.Events
	if c.Quarantined != nil {
		events = c.Quarantined.Events
	}
	size := beside
	for _, e := range events {
		size += beside + len(e.Body) + len(e.Reason)
		if e.Forward != nil {
			size += len(e.Forward.Body)
		}
	}
	for _, n := range c.Notifications {
		size += beside + len(n.Body)
	}
	return size
}

// encode makes a file's content: a line for each callback, with a checksum before
// it, so that damage costs only those that it hits.
func encode(callbacks []callback) ([]byte, error) {
	var content bytes.Buffer
	for _, c := range callbacks {
		text, err := json.Marshal(c)
		if err != nil {
			return nil, fmt.Errorf("encode a callback: %w", err)
		}
		content.WriteString(checksum(text))
		content.WriteByte(' ')
		content.Write(text)
		content.WriteByte('\n')
	}
	return content.Bytes(), nil
}

func checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// decode returns those callbacks of a file's content that are as they were written.
func decode(content []byte) []callback {
	var callbacks []callback
	line := 0
	for content := range bytes.Lines(content) {
		sum, text, _ := bytes.Cut(bytes.TrimSuffix(content, []byte("\n")), []byte(" "))
		c := callback{line: line}
		if string(sum) == checksum(text) && json.Unmarshal(text, &c) == nil {
			callbacks = append(callbacks, c)
		}
		line++
	}
	return callbacks
}

// file is one of the folder. Its name is its number, in the order in which files
// were written, and how many callbacks it holds.
type file struct {
	name      string
	number    uint64
	size      int64 // on disk
	callbacks int
	written   time.Time
	// passedOver is a file that cannot be handed on now. It holds up no others, and is
	// tried again now and then.
	passedOver bool
	// handedOn is one that only has to be taken away, and could not be.
	handedOn bool
	damaged  bool // not all of it is as it was written
}

// queued reports whether others wait for the file.
func (f file) queued() bool { return !f.passedOver && !f.handedOn }

func (f file) suspect() bool { return strings.HasSuffix(f.name, suspect) }

func fileName(number uint64, callbacks int, kind string) string {
	return fmt.Sprintf("%020d-%d%s", number, callbacks, kind)
}

// asideName is the name of a callback that is set aside by itself. It is always the
// same, so that nothing is there twice when that is interrupted and done again.
func asideName(from file, line int) string {
	return fmt.Sprintf("%020d.%d-1%s", from.number, line, finished)
}

// parseFile reads what a name and the file system say of a file; false if it is
// not one of a spool.
func parseFile(entry os.DirEntry) (file, bool, error) {
	name := entry.Name()
	stem, isReal := strings.CutSuffix(name, finished)
	if !isReal {
		var isSuspect bool
		if stem, isSuspect = strings.CutSuffix(name, suspect); !isSuspect {
			return file{}, false, nil
		}
	}
	place, count, _ := strings.Cut(stem, "-")
	place, _, _ = strings.Cut(place, ".")
	number, err := strconv.ParseUint(place, 10, 64)
	callbacks, countErr := strconv.Atoi(count)
	if err != nil || countErr != nil {
		return file{}, false, fmt.Errorf("%s is not a file of a spool", name)
	}
	info, err := entry.Info()
	if err != nil {
		return file{}, false, err
	}
	return file{name: name, number: number, size: onDisk(info.Size()), callbacks: callbacks, written: info.ModTime()}, true, nil
}

func onDisk(size int64) int64 { return (size + block - 1) / block * block }
