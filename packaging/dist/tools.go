package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// The tools for what this program does not do itself. Their versions stand here only. The go command
// fetches and builds them by itself.
const (
	nfpm      = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.48.0"
	cyclonedx = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"
)

// tool runs a tool. What it prints is shown if it fails.
func (r *release) tool(name string, args ...string) error {
	// A tool is built for this machine, whatever go env says.
	env := []string{"GOOS=", "GOARCH=", "GOFLAGS=", "GOWORK=off", "SOURCE_DATE_EPOCH=" + strconv.FormatInt(r.time.Unix(), 10)}
	cmd := command(env, "go", append([]string{"run", name}, args...)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, &said)
	}
	return nil
}
