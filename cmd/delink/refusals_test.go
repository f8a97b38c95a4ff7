package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"delink/pkg/zoho/emulator"
)

// runAgainst runs delink on an input with an emulator whose delinks refuse can answer instead. It
// gives the exit code, the status of each line, and how many delinks were sent.
func runAgainst(t *testing.T, input string, refuse func(path, ids string) (status int, body string), args ...string) (code int, statuses map[string]string, calls int) {
	t.Helper()
	config := emulator.Default()
	if err := config.SetAll("links=all"); err != nil {
		t.Fatal(err)
	}
	crm := emulator.New(config)
	var sent atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			sent.Add(1)
			if status, body := refuse(r.URL.Path, r.URL.Query().Get("ids")); status > 0 {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
				return
			}
		}
		crm.ServeHTTP(w, r)
	}))
	defer server.Close()
	folder := t.TempDir()
	t.Setenv("HOME", folder)
	t.Setenv("XDG_CACHE_HOME", folder)
	file := filepath.Join(folder, "links.csv")
	if err := os.WriteFile(file, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"ZOHO_ACCOUNTS_URL": server.URL, "ZOHO_API_DOMAIN": server.URL, "ZOHO_CLIENT_ID": config.ClientID, "ZOHO_CLIENT_SECRET": config.ClientSecret, "ZOHO_REFRESH_TOKEN": config.RefreshToken}
	var stderr bytes.Buffer
	code = run(t.Context(), append([]string{"run", file, "--yes"}, args...), strings.NewReader(""), &bytes.Buffer{}, &stderr, func(name string) string { return env[name] })
	results, err := os.Open(filepath.Join(folder, "links.results.csv"))
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	defer results.Close()
	rows, err := csv.NewReader(results).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	statuses = map[string]string{}
	for _, row := range rows[1:] {
		statuses[row[0]] = row[5] + " " + row[6]
	}
	return code, statuses, int(sent.Load())
}

func inputOf(parents, links int) string {
	var b strings.Builder
	b.WriteString("module,parent_id,relation,related_id\n")
	for p := range parents {
		for l := range links {
			fmt.Fprintf(&b, "Campaigns,%d,Leads,%d\n", 3652397000000327001+p, 3652397000010000001+p*1000+l)
		}
	}
	return b.String()
}

// A refusal of the whole call that names one id fails that one. The others go out again, in one
// call.
func TestRefusalThatNamesOneID(t *testing.T) {
	const id = "3652397000010000007"
	for _, code := range []string{"RECORD_LOCKED", "NOT_ALLOWED", "NOT_APPROVED", "DUPLICATE_DATA", "SOMETHING_NEW"} {
		t.Run(code, func(t *testing.T) {
			exit, statuses, calls := runAgainst(t, inputOf(1, 100), func(_, ids string) (int, string) {
				if !strings.Contains(ids, id) {
					return 0, ""
				}
				return 400, `{"code":"` + code + `","details":{"id":"` + id + `"},"message":"x","status":"error"}`
			})
			if exit != 3 || calls != 2 || len(statuses) != 100 {
				t.Errorf("exit %d, %d calls, %d rows", exit, calls, len(statuses))
			}
			for line, status := range statuses {
				if want := map[bool]string{true: "failed " + code, false: "removed SUCCESS"}[line == "8"]; status != want {
					t.Errorf("line %s: %s, want %s", line, status, want)
				}
			}
		})
	}
}

// NO_PERMISSION for one parent record says nothing of the others, unless it comes for a second one,
// or says what is missing.
func TestPermissionOfOneParent(t *testing.T) {
	for _, c := range []struct {
		name    string
		denied  int // parent records
		details string
		calls   int
		removed int
	}{
		{"one of four", 1, `{}`, 4, 30},
		{"all of four", 4, `{}`, 2, 0},
		{"one of four, which names permissions", 1, `{"permissions":["Crm_Implied_Edit_Campaigns"]}`, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, statuses, calls := runAgainst(t, inputOf(4, 10), func(path, _ string) (int, string) {
				for p := range c.denied {
					if strings.Contains(path, fmt.Sprint(3652397000000327001+p)) {
						return 403, `{"code":"NO_PERMISSION","details":` + c.details + `,"message":"permission denied","status":"error"}`
					}
				}
				return 0, ""
			}, "--concurrency", "1")
			removed := 0
			for _, status := range statuses {
				if status == "removed SUCCESS" {
					removed++
				}
			}
			if calls != c.calls || removed != c.removed {
				t.Errorf("%d calls, %d removed, want %d and %d", calls, removed, c.calls, c.removed)
			}
		})
	}
}

// A refusal that names nothing, with a code that nobody knows, may be about some id: it is split.
func TestRefusalOfUnknownCode(t *testing.T) {
	const id = "3652397000010000007"
	exit, statuses, _ := runAgainst(t, inputOf(1, 16), func(_, ids string) (int, string) {
		if !strings.Contains(ids, id) {
			return 0, ""
		}
		return 400, `{"code":"SOMETHING_NEW","details":{},"message":"x","status":"error"}`
	})
	if exit != 3 || len(statuses) != 16 || statuses["8"] != "failed SOMETHING_NEW" || statuses["9"] != "removed SUCCESS" {
		t.Errorf("exit %d: %v", exit, statuses)
	}
}
