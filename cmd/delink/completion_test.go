package main

import (
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
			run(t.Context(), []string{"run", "no-such-file.csv", "--yes", "--" + name, value}, nil, &stderr, &stderr, getenv)
			if !strings.Contains(stderr.String(), "there is no file no-such-file.csv") {
				t.Errorf("--%s %s: %s", name, value, &stderr)
			}
		}
	}
}
