package job

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lock holds the result file for this process: the system lets go of it when the process ends, however that happens. The
// lock is a file of its own, since the result file itself is replaced at times, and is never removed, since another
// process may be waiting for just that file.
func lock(results string) (unlock func(), err error) {
	path := filepath.Join(filepath.Dir(results), "."+filepath.Base(results)+".lock")
	l := flock.New(path, flock.SetPermissions(0o600))
	locked, err := l.TryLock()
	if err != nil {
		return nil, &Refusal{Cause: "results cannot be written to " + filepath.Dir(results), Err: err, Hint: "choose another place with --results"}
	}
	if !locked {
		holder, _ := os.ReadFile(path)
		who := strings.TrimSpace(string(holder))
		if who == "" {
			who = "another process"
		}
		return nil, refusef("wait until it ends, or give this run another file with --results", "%s is being written by %s", results, who)
	}
	host, _ := os.Hostname()
	// Who holds it is for people, so that a failure to write it is no reason not to run.
	_ = os.WriteFile(path, fmt.Appendf(nil, "process %d on %s, since %s\n", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339)), 0o600)
	return func() { _ = l.Unlock() }, nil
}
