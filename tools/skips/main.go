// Skips reads the events of test runs, as `go test -json` writes them, and says
// what was skipped: a count for each run of the tests that need another engine, how
// many of those ran on none, and each other skipped test with its reason.
//
// With CI set, a test may be skipped for a reason in the file of known ones only.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

// errUnknown is that a test was skipped in CI for no known reason.
var errUnknown = errors.New("tests were skipped for no known reason: install what they need, or add the reason to the file of known ones")

func main() {
	known := flag.String("known", "", "file of reasons that are known, a part of what a test says on each line; # begins a comment")
	flag.Parse()
	if err := run(*known, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "skips:", err)
		os.Exit(1)
	}
}

func run(known string, files []string) error {
	reasons, err := readReasons(known)
	if err != nil {
		return err
	}
	var s summary
	for _, name := range files {
		if err := s.readFile(name); err != nil {
			return err
		}
	}
	unknown := s.print(os.Stdout, reasons)
	if unknown > 0 && os.Getenv("CI") != "" {
		return errUnknown
	}
	return nil
}
