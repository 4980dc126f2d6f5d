//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExpectLive(t *testing.T) {
	t.Parallel()
	on := subscription{ID: "sub-1", AccountName: account, Status: "ON"}
	tests := map[string]struct {
		live    []subscription
		want    []string
		printed string
		wantErr string
	}{
		"what the state has": {live: []subscription{on}, want: []string{"sub-1"}, printed: "sub-1: ON"},
		"nothing":            {printed: "Nothing."},
		"left behind":        {live: []subscription{on}, printed: account, wantErr: "sub-1"},
		"in the state alone": {want: []string{"sub-1"}, printed: "Nothing.", wantErr: "sub-1"},
		"another one":        {live: []subscription{on}, want: []string{"sub-2"}, printed: "sub-1", wantErr: "sub-2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := expectLive(&out, "ThingSpace", tt.live, tt.want...)
			expectError(t, err, tt.wantErr)
			if !strings.Contains(out.String(), tt.printed) {
				t.Errorf("printed %q, want it to have %q", out.String(), tt.printed)
			}
		})
	}
}

func expectError(t *testing.T, err error, want string) {
	t.Helper()
	if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want one with %q", err, want)
	}
}

// The operator's side of the scene decides whether it went well.
func TestCamaraSceneBelievesTheOperator(t *testing.T) {
	t.Parallel()
	granted, extended, next := session{ID: "id-1", Seconds: shorter}, session{ID: "id-1", Seconds: longer}, session{ID: "id-2", Seconds: longer}
	for name, test := range map[string]struct {
		asked   [][]session // what the operator has each time that it is asked
		wantErr string
	}{
		"all well":                     {[][]session{{granted}, {extended}, {}, {next}, {}}, ""},
		"nothing granted":              {[][]session{{}}, "after apply"},
		"replaced instead of extended": {[][]session{{granted}, {next}}, "after the extension"},
		"not extended":                 {[][]session{{granted}, {granted}}, "600 seconds, want 1200"},
		"not ended":                    {[][]session{{granted}, {extended}, {extended}}, "after the network ended"},
		"not replaced":                 {[][]session{{granted}, {extended}, {}, {}}, "after the replacement"},
		"two of them":                  {[][]session{{granted}, {extended}, {}, {extended, next}}, "after the replacement"},
		"left behind":                  {[][]session{{granted}, {extended}, {}, {next}, {next}}, "after destroy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage()
			s.sandboxURL = operator(t, test.asked)
			tf := terraform{
				cli: filepath.Join(actors(t), "terraform"), dir: t.TempDir(), out: new(bytes.Buffer),
				env: append(os.Environ(), receptionVariable+"="+counter(t)),
			}
			expectError(t, camara{s}.play(t.Context(), tf), test.wantErr)
		})
	}
}

// operator answers one list after the other. What happens in it, happens.
func operator(t *testing.T, lists [][]session) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /camara/"+operatorVersion+"/sandbox/sessions", func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(lists[0]); err != nil {
			t.Error(err)
		}
		lists = lists[1:]
	})
	mux.HandleFunc("POST /camara/"+operatorVersion+"/sandbox/terminate", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	return serve(t, mux)
}

// counter is a reception that gives Terraform's outputs: id-1, id-2 and so on.
func counter(t *testing.T) string {
	t.Helper()
	count := 0
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("role") == "output" {
			count++
			_, _ = fmt.Fprintf(w, "id-%d", count)
		}
	}))
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
