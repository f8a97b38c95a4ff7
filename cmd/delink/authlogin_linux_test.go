package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"delink/pkg/zoho/emulator"
)

// dialogue is auth login on a terminal, with an emulator to log in to.
type dialogue struct {
	*terminal
	crm *emulator.Emulator
}

// logsIn starts auth login on a terminal.
func logsIn(t *testing.T, columns uint16, knobs []string, env []string, args ...string) dialogue {
	t.Helper()
	config := emulator.Default()
	if err := config.SetAll(append([]string{"device-interval=1s", "device-polls=none"}, knobs...)...); err != nil {
		t.Fatal(err)
	}
	crm := emulator.New(config)
	server := httptest.NewServer(crm)
	t.Cleanup(server.Close)
	env = append([]string{"ZOHO_ACCOUNTS_URL=" + server.URL, "ZOHO_API_DOMAIN=" + server.URL}, env...)
	return dialogue{onTerminal(t, columns, 0, env, append([]string{"auth", "login"}, args...)...), crm}
}

// answers waits for a question, and answers it. The answer to a hidden one is typed when the terminal
// shows nothing any more.
func (d dialogue) answers(question, answer string, hidden bool) {
	d.t.Helper()
	d.shows(question)
	late := time.Now().Add(patience)
	for hidden && d.echoes() {
		if time.Now().After(late) {
			d.t.Fatalf("the terminal shows the answer to %q", question)
		}
		runtime.Gosched()
	}
	d.types(answer + "\r")
}

// stored is what the file of the logins holds; empty if there is none.
func (d dialogue) stored() string {
	b, _ := os.ReadFile(filepath.Join(d.program.Dir, ".config", "delink", "logins.json"))
	return string(b)
}

// A person is asked for all that is needed, and again for just what was wrong.
func TestLoginDialogue(t *testing.T) {
	t.Parallel()
	d := logsIn(t, 200, nil, nil)
	d.answers("  eu  crm.zoho.eu", "mars", false)
	d.answers(`"mars" is not known`, "", false)
	d.answers("no data centre was given", "https://crm.zoho.eu/crm/org1/tab/Home", false)
	d.answers("open https://api-console.zoho.eu and add a client", "1000.WRONG", false)
	d.answers("client secret (hidden while you type): ", "HUSH WRONG", true)
	d.answers("the client secret has a character that no credential has", "HUSHwrong", true)
	d.answers("the client id is not accepted at ", "1000.EMULATOR", false)
	d.shows("enter the code EMU-001")
	d.shows("waiting until you allow the access, ")
	d.answers("the client secret is not accepted, the client id is.", "emulator-secret", true)
	d.shows("logged in to Emulated Inc. (eu); stored in ")
	out := d.ends(0)
	if strings.Contains(out, "HUSH") || strings.Contains(out, "emulator-secret") || strings.Contains(out, "EMU-002") {
		t.Errorf("it shows what it must not:\n%s", out)
	}
	if !strings.Contains(d.stored(), `"client_secret": "emulator-secret"`) {
		t.Error("the login is not stored")
	}
	if b := d.crm.Books(); len(b.Violations) > 0 || b.Tokens != 1 {
		t.Errorf("books %+v", b)
	}
}

// A client id that is not accepted may be one of another data centre.
func TestLoginInAnotherDataCentre(t *testing.T) {
	t.Parallel()
	d := logsIn(t, 200, nil, []string{"ZOHO_CLIENT_SECRET=emulator-secret"}, "--dc", "us")
	d.answers("client id: ", "1000.EMULATER", false)
	d.answers("the client id is not accepted at ", "crm.zoho.eu", false)
	d.answers("the client id is not accepted at ", "", false) // the first one is on the screen still
	d.answers("no client id was given", "ZOHO_CLIENT_ID=1000.EMULATOR", false)
	d.answers("the client id holds the setting of a variable", "1000.EMULATOR", false)
	d.shows("logged in to Emulated Inc. (eu)")
	d.ends(0)
}

// What the environment has is not asked for again: the error names the variable.
func TestLoginOfTheEnvironmentRefused(t *testing.T) {
	t.Parallel()
	d := logsIn(t, 200, nil, []string{"ZOHO_CLIENT_ID=1000.WRONG", "ZOHO_CLIENT_SECRET=emulator-secret"}, "--dc", "us")
	if out := d.ends(4); !strings.Contains(out, "hint: check ZOHO_CLIENT_ID") {
		t.Error(out)
	}
}

// If a person named the data centre, and the environment the client, it is the data centre that is
// asked for again.
func TestLoginAsksAgainForTheDataCentre(t *testing.T) {
	t.Parallel()
	d := logsIn(t, 200, nil, []string{"ZOHO_CLIENT_ID=1000.EU", "ZOHO_CLIENT_SECRET=emulator-secret"})
	d.answers("data centre, or that address: ", "us", false)
	d.shows("the client id in ZOHO_CLIENT_ID is not accepted at ")
	d.crm.Update(func(c *emulator.Config) { c.ClientID = "1000.EU" })
	d.answers("Do you sign in somewhere else?", "crm.zoho.eu", false)
	d.shows("logged in to Emulated Inc. (eu)")
	if out := d.ends(0); strings.Contains(out, "client id: ") {
		t.Error(out)
	}
}

// A code that has expired can be replaced, or not.
func TestLoginExpires(t *testing.T) {
	t.Parallel()
	client := []string{"ZOHO_CLIENT_ID=1000.EMULATOR", "ZOHO_CLIENT_SECRET=emulator-secret", "ZOHO_DC=in"}
	d := logsIn(t, 80, []string{"device-life=1s", "device-polls=99"}, client)
	d.shows("the code has expired. Show a new one? [Y/n] ")
	d.crm.Update(func(c *emulator.Config) { c.DeviceLife, c.DevicePolls = time.Minute, -1 })
	d.types("\r")
	d.shows("enter the code EMU-002")
	d.shows("logged in to Emulated Inc. (in)")
	d.ends(0)

	d = logsIn(t, 80, []string{"device-life=1s", "device-polls=99"}, client)
	d.answers("the code has expired. Show a new one? [Y/n] ", "n", false)
	if out := d.ends(4); !strings.Contains(out, "error: the code expired before the access was allowed") || d.stored() != "" {
		t.Error(out)
	}
}

// A grant code that is not accepted is asked for again, and nothing else is.
func TestLoginWithAGrantCode(t *testing.T) {
	t.Parallel()
	d := logsIn(t, 200, nil, []string{"ZOHO_DC=us"}, "--self-client")
	d.answers("client id: ", "1000.EMULATOR", false)
	d.answers("client secret (hidden while you type): ", "emulator-secret", true)
	d.answers("grant code (hidden while you type): ", "1000.HUSHwrong", true)
	d.answers("the grant code is not accepted: a code works once", "1000.emulator.grant", true)
	d.shows("logged in to Emulated Inc. (us)")
	if out := d.ends(0); strings.Contains(out, "HUSH") || strings.Count(out, "client id: ") != 1 {
		t.Error(out)
	}
}

// Nobody is asked without end.
func TestLoginAsksABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	d := logsIn(t, 200, nil, []string{"ZOHO_DC=us", "ZOHO_CLIENT_ID=1000.EMULATOR", "ZOHO_CLIENT_SECRET=emulator-secret"}, "--self-client")
	for range mostTries + 1 {
		d.types("1000.wrong\r")
	}
	if out := d.ends(4); !strings.Contains(out, "error: the grant code is not accepted") {
		t.Error(out)
	}
	if n := d.crm.Books().Calls["token"]; n != mostTries+1 {
		t.Errorf("the token endpoint was asked %d times", n)
	}
}

// Ctrl-C cancels at every question and while delink waits, and the terminal shows again what is
// typed.
func TestLoginCancelled(t *testing.T) {
	all := []string{"ZOHO_DC=us", "ZOHO_CLIENT_ID=1000.EMULATOR", "ZOHO_CLIENT_SECRET=emulator-secret"}
	for _, c := range []struct {
		at   string
		env  []string
		args []string
	}{
		{"data centre, or that address: ", nil, nil},
		{"client id: ", all[:1], nil},
		{"client secret (hidden while you type): ", all[:2], nil},
		{"grant code (hidden while you type): ", all, []string{"--self-client"}},
		{"Ctrl-C cancels", all, nil},
	} {
		t.Run(c.at, func(t *testing.T) {
			t.Parallel()
			d := logsIn(t, 80, []string{"device-polls=99"}, c.env, c.args...)
			slave := d.openSlave() // the terminal keeps its state while somebody has it open
			defer slave.Close()
			d.shows(c.at)
			late := time.Now().Add(patience)
			for strings.HasPrefix(c.at, "client secret") && d.echoes() {
				if time.Now().After(late) {
					t.Fatal("the terminal shows the secret")
				}
				runtime.Gosched()
			}
			d.types("\x03")
			d.shows("error: cancelled; no login was stored")
			_ = d.program.Wait()
			if code := d.program.ProcessState.ExitCode(); code != 2 {
				t.Errorf("it ended with %d", code)
			}
			if !d.echoes() {
				t.Error("the terminal stays silent")
			}
			if d.stored() != "" {
				t.Error("a login was stored")
			}
		})
	}
}

// The line that shows that delink waits fits on the terminal.
func TestWaitingLine(t *testing.T) {
	for left, want := range map[time.Duration]string{5 * time.Minute: "5:00", 61 * time.Second: "1:01", 900 * time.Millisecond: "0:01", -time.Second: "0:00"} {
		for _, columns := range []int{40, 80, 200} {
			if line := waitingLine(left, columns); len(line) >= columns || !strings.Contains(line, want) {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
	}
}
