package emulator

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestStart(t *testing.T) {
	e := New(Config{})
	s, err := e.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := client{t, s.URL, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	c.token().want(t, 200, "api_domain", s.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if r := c.token(); r.err == nil {
		t.Errorf("%+v", r)
	}
}

func TestStartRefuses(t *testing.T) {
	e := New(Config{})
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "[::]:0", "example.com:80", "127.0.0.1", "127.0.0.1:99999"} {
		if s, err := e.Start(addr); err == nil {
			t.Errorf("%s was not refused", addr)
			_ = s.Close()
		}
	}
	s, err := e.Start("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Closing and shutting down end calls that hang.
func TestStopHanging(t *testing.T) {
	stops := map[string]func(*Server) error{
		"close": (*Server).Close,
		"shutdown": func(s *Server) error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = s.Shutdown(ctx)
			return nil
		},
	}
	for name, stop := range stops {
		e := New(Config{Links: "all", FaultScript: Script{{From: 1, To: 1, Fault: Fault{Name: "hang", After: true}}}})
		s, err := e.Start("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c := client{t, s.URL, http.DefaultClient}
		answered := make(chan reply)
		go func() { answered <- c.delink(lead) }()
		for e.Linked("Campaigns", campaign, "Leads", lead) {
			runtime.Gosched()
		}
		if err := stop(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if r := <-answered; r.err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestAdmin(t *testing.T) {
	e, c := serve(t)
	const header = "module,parent_id,relation,related_id"
	load := func(csv string) reply { t.Helper(); return c.do("POST", "/_emulator/links", csv, "Authorization", "") }
	r := load("note,relation,module,related_id,parent_id\nx,Contacts,Campaigns,2,9\nx,Contacts,Campaigns,1,9\nx,Leads,Campaigns,3,9\n")
	if r.status != 200 || r.body != "3 links\n" {
		t.Errorf("%+v", r)
	}
	c.do("DELETE", "/crm/v8/Campaigns/9/Contacts?ids=1,7", "").want(t, 207)
	c.delink(leads(10)...)
	r = c.do("GET", "/_emulator/links", "", "Authorization", "")
	want := header + ",linked,sent\nCampaigns,9,Contacts,1,false,1\nCampaigns,9,Contacts,2,true,0\nCampaigns,9,Contacts,7,false,1\nCampaigns,9,Leads,3,true,0\n" +
		"Campaigns,3652397000000001001,Leads,3652397000000925128,false,1\n"
	if !strings.HasPrefix(r.body, want) {
		t.Errorf("links:\n%s\nwant:\n%s", r.body, want)
	}
	r = c.do("GET", "/_emulator/lists", "")
	want = "module,parent_id,relation,calls,linked\nCampaigns,9,Contacts,1,1\nCampaigns,9,Leads,0,1\nCampaigns,3652397000000001001,Leads,1,0\n"
	if r.body != want {
		t.Errorf("lists:\n%s\nwant:\n%s", r.body, want)
	}
	r = c.do("GET", "/_emulator/books", "", "Authorization", "")
	r.want(t, 200, "calls.delink", "2", "removed", "11", "linked", "2", "max_ids", "10", "peak", "1", "codes.SUCCESS", "11")
	r = c.do("GET", "/_emulator/knobs", "")
	r.want(t, 200, "0.name", "links", "0.default", "listed")

	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	c.do("POST", "/_emulator/knobs", url.Values{"all-bad": {"207"}, "strict": {"true"}}.Encode(), form...).want(t, 200)
	if cfg := e.Config(); cfg.AllBad != 207 || !cfg.Strict {
		t.Errorf("knobs were not set: %+v", cfg)
	}
	r = c.do("POST", "/_emulator/knobs", url.Values{"all-bad": {"200"}, "zzz": {"1"}}.Encode(), form...)
	if r.status != 400 || !strings.Contains(r.body, "unknown knob") || e.Config().AllBad != 207 {
		t.Errorf("%+v", r)
	}

	for _, bad := range []string{
		"", "module,parent_id,relation\nA,1,B\n", header + "\nA,x,B,1\n", header + "\nA,1,B,x\n", header + "\nA!,1,B,1\n", header + "\nA,1\n",
	} {
		if r := load(bad); r.status != 400 || r.body == "" {
			t.Errorf("%q: %+v", bad, r)
		}
	}
	if r := c.do("GET", "/_emulator/nothing", ""); r.status != 404 {
		t.Errorf("%+v", r)
	}
	if b := e.Books(); b.Calls["other"] != 0 {
		t.Errorf("books %+v", b)
	}
}

// Everything at once, for the race detector; the books agree in the end.
func TestRace(t *testing.T) {
	e, c := serve(t, "in-flight=none", "token-limits=off")
	e.Link("Campaigns", campaign, "Leads", leads(1000)...)
	var all sync.WaitGroup
	for w := range uint64(8) {
		all.Go(func() {
			for i := range uint64(25) {
				c.delink(leads(1000)[w*100+i*4 : w*100+i*4+4]...)
				switch i % 5 {
				case 0:
					c.token()
				case 1:
					c.read("ids=" + join(lead) + both)
				case 2:
					e.Books()
					e.Link("Campaigns", w+1, "Leads", 1, 2)
				case 3:
					e.Update(func(cfg *Config) { cfg.Mixed = 200 })
					c.do("GET", "/_emulator/links", "")
				case 4:
					for range e.Lists() {
						e.Linked("Campaigns", campaign, "Leads", lead)
					}
				}
			}
		})
	}
	all.Wait()
	b := e.Books()
	if b.Removed != 800 || b.Linked != 1000-800+16 || b.Calls["delink"] != 200 || b.Codes["SUCCESS"] != 800 {
		t.Errorf("books %+v", b)
	}
}

// Whatever is asked, there is an answer, and it is JSON where it says so.
func FuzzServe(f *testing.F) {
	f.Add("DELETE", "/crm/v8/Campaigns/3652397000000001001/Leads", "ids=1,2", "")
	f.Add("DELETE", "/crm/v8/Campaigns/3652397000000001001/Leads/1", "", "x")
	f.Add("GET", "/crm/v8/Campaigns/3652397000000001001/Leads", "fields=id&page=2&per_page=3&page_token=emulator-after-1", "")
	f.Add("PUT", "/crm/v8/Campaigns/3652397000000001001/Leads", "", `{"data":[{"id":"1"}]}`)
	f.Add("POST", "/crm/v8/Campaigns/3652397000000001001/actions/get_related_records_count", "", `{"get_related_records_count":[{"related_list":{"api_name":"Leads"}}]}`)
	f.Add("GET", "/crm/v8/settings/related_lists", "module=Leads&extra_properties=true", "")
	f.Add("POST", "/oauth/v2/token", "", "grant_type=refresh_token&client_id=1000.EMULATOR")
	f.Add("POST", "/_emulator/links", "", "module,parent_id,relation,related_id\nA,1,B,2\n")
	f.Add("POST", "/_emulator/knobs", "", "latency=1s")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		e := New(Config{})
		e.Link("Campaigns", campaign, "Leads", leads(3)...)
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Header.Set("Authorization", "Zoho-oauthtoken 1000.emulator.access")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") && w.Code != 204 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %q", w.Code, w.Body)
		}
	})
}

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// A healthy call of 100 ids, without what HTTP itself costs.
func BenchmarkDelink(b *testing.B) {
	const loaded = 1_000_000
	for _, links := range []string{"listed", "all"} {
		b.Run(links, func(b *testing.B) {
			e := New(Config{Links: links, InFlight: -1, Credits: -1})
			if links == "listed" {
				e.Link("Campaigns", campaign, "Leads", leads(loaded)...)
			}
			r := httptest.NewRequest(http.MethodDelete, "/crm/v8/Campaigns/3652397000000001001/Leads", nil)
			r.Header.Set("Authorization", "Zoho-oauthtoken 1000.emulator.access")
			queries := make([]string, 1000)
			for i := range queries {
				queries[i] = "ids=" + join(leads(100 * (i + 1))[100*i:]...)
			}
			w := discard{http.Header{}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.URL.RawQuery = queries[i%len(queries)]
				e.ServeHTTP(w, r)
			}
		})
	}
}
