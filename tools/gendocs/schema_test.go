package main

import (
	"strings"
	"testing"
)

func TestReaddress(t *testing.T) {
	t.Parallel()
	const own = `"registry.terraform.io/qosform/thingspace":{"provider":{"version":0}}`
	tests := map[string]struct {
		in, want, wantErr string
	}{
		"moved to the address that tfplugindocs knows": {
			in:   `{"format_version":"1.0","provider_schemas":{` + own + `}}`,
			want: `{"format_version":"1.0","provider_schemas":{"registry.terraform.io/hashicorp/thingspace":{"provider":{"version":0}}}}`,
		},
		"other providers are dropped": {
			in:   `{"format_version":"1.0","provider_schemas":{"registry.terraform.io/hashicorp/random":{},` + own + `}}`,
			want: `{"format_version":"1.0","provider_schemas":{"registry.terraform.io/hashicorp/thingspace":{"provider":{"version":0}}}}`,
		},
		"provider missing": {
			in:      `{"format_version":"1.0","provider_schemas":{}}`,
			wantErr: "no schema for registry.terraform.io/qosform/thingspace",
		},
		"not JSON": {in: `Error: nope`, wantErr: "invalid character"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readdress([]byte(tt.in), "thingspace")
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("error = %v, want one that contains %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
