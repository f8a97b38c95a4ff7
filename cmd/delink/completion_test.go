package main

import (
	"slices"
	"strings"
	"testing"
)

// Every value that the completion of a flag offers is accepted by the flag: the run gets as far as
// its input, which is not there.
func TestOfferedValuesAreAccepted(t *testing.T) {
	for name, values := range choices {
		for _, value := range values {
			var stderr strings.Builder
			getenv := func(name string) string { return map[string]string{"ZOHO_ACCESS_TOKEN": "1000.token"}[name] }
			args := []string{"run", "no-such-file.csv", "--yes"}
			if slices.Contains([]string{"approved", "converted"}, name) {
				args = []string{"export", "Campaigns.Leads", "--parents", "no-such-file.csv"}
			}
			run(t.Context(), append(args, "--"+name, value), nil, &stderr, &stderr, getenv)
			if !strings.Contains(stderr.String(), "there is no file no-such-file.csv") {
				t.Errorf("--%s %s: %s", name, value, &stderr)
			}
		}
	}
}
