package probe

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/disk"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
	"delink/pkg/zoho/emulator"
	"delink/pkg/zoho/emulator/wire"
	"delink/pkg/zoho/login"
)

var (
	campaignLeads = zoho.Relation{Module: "Campaigns", List: "Leads"}
	leadCampaigns = zoho.Relation{Module: "Leads", List: "Campaigns"}
	productBooks  = zoho.Relation{Module: "Products", List: "Price_Books"}
	dealRoles     = zoho.Relation{Module: "Deals", List: "Contact_Roles"}
)

// rig is an org with some links, and a client for it.
type rig struct {
	t        *testing.T
	e        *emulator.Emulator
	client   *zoho.Client
	source   *login.Source
	seen     *zoho.Exchanges
	folder   string
	mu       sync.Mutex
	requests int
	each     func(n int, r *http.Request) // called for each API call, counted from 1; may be nil
}

// in runs a test in a bubble, with an org that has the given knobs.
func in(t *testing.T, knobs []string, test func(t *testing.T, r *rig)) {
	t.Helper()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		config := emulator.Default()
		if err := config.SetAll(knobs...); err != nil {
			t.Fatal(err)
		}
		r := &rig{t: t, e: emulator.New(config), folder: folder, seen: &zoho.Exchanges{}}
		for i := range uint64(4) {
			r.e.Link("Campaigns", 100, "Leads", 200+i)
			if i < 3 {
				r.e.SetFields("Campaigns", 100, "Leads", 200+i, map[string]any{"Member_Status": "Sent"})
			}
			for module, id := range map[string]uint64{"Leads": 200, "Price_Books": 400, "Contacts": 600} {
				r.e.Parent(module, id+i)
			}
		}
		r.e.Link("Products", 300, "Price_Books", 400)
		r.e.SetFields("Products", 300, "Price_Books", 400, map[string]any{"list_price": 12.5})
		r.e.Link("Deals", 500, "Contact_Roles", 600)
		r.e.SetFields("Deals", 500, "Contact_Roles", 600, map[string]any{"Contact_Role": map[string]any{"id": "9", "name": "Buyer"}})
		transport := &http.Transport{DialContext: wire.Serve(t, r).Dial}
		t.Cleanup(transport.CloseIdleConnections)
		h := &http.Client{Transport: transport}
		credentials := login.Credentials{ClientID: config.ClientID, ClientSecret: config.ClientSecret, RefreshToken: config.RefreshToken}
		r.source = login.NewSource(credentials, login.Server{Accounts: "http://127.0.0.1", APIDomain: "http://127.0.0.1", HTTP: h}, nil)
		var err error
		r.client, err = zoho.NewClient(r.source, h, zoho.Options{APIDomain: "http://127.0.0.1", Version: "v8", Timeout: 30 * time.Second, Observe: r.seen.Add})
		if err != nil {
			t.Fatal(err)
		}
		test(t, r)
	})
}

func (r *rig) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	if req.URL.Path != "/oauth/v2/token" {
		r.requests++
	}
	n, each := r.requests, r.each
	r.mu.Unlock()
	if each != nil {
		each(n, req)
	}
	r.e.ServeHTTP(w, req)
}

func (r *rig) set(knobs ...string) {
	r.t.Helper()
	var err error
	r.e.Update(func(c *emulator.Config) { err = c.SetAll(knobs...) })
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) plan(t Target, other zoho.Relation) Plan {
	return Plan{
		CRM: r.client, Seen: r.seen, Limits: engine.Settings{Jitter: func(d time.Duration) time.Duration { return d }},
		Target: t, Other: other, OrgID: "1", Disk: disk.OS{}, Record: r.record(),
		Confirm: func(context.Context, zoho.Fields) error { return nil },
	}
}

func (r *rig) record() string { return filepath.Join(r.folder, "probe.json") }

// hasRecord reports whether the file of a probe is there.
func (r *rig) hasRecord() bool {
	_, err := os.Stat(r.record())
	return err == nil
}

// truth is what the org says of a link when nothing is wrong with it.
func (r *rig) truth(t Target) string {
	r.t.Helper()
	r.mu.Lock()
	r.each = nil
	r.mu.Unlock()
	r.set("read-lag=0s", "own-fields=always", "list-price=shown", "approved-param=accept", "faults=", "fault-script=", "list-errors=", "scopes=ZohoCRM.modules.ALL")
	token, err := r.client.Token(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	states, err := r.client.LookUp(r.t.Context(), token, t.Relation, t.Parent, []zoho.ID{t.Related}, zoho.LookFor{})
	if err != nil {
		r.t.Fatal(err)
	}
	return fmt.Sprint(states[0])
}

// values are the values of the facts, by side and point.
func values(r *Report) map[string]string {
	m := map[string]string{}
	for _, f := range r.Facts {
		m[f.Side+" "+string(f.Point)] = f.Value
	}
	return m
}

func wantValues(t *testing.T, r *Report, want map[string]string) {
	t.Helper()
	got := values(r)
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if t.Failed() {
		t.Logf("facts %v", maps.All(got))
	}
}
