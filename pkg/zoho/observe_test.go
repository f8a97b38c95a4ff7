package zoho

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestShapeOf(t *testing.T) {
	for body, want := range map[string]string{
		"":        "",
		"  \r\n":  "",
		"<html>":  "not JSON",
		`{"a":1`:  "not JSON",
		`"x"`:     "string",
		`[]`:      "[]",
		`[1,2,3]`: "[number]",
		"\ufeff" + `{"data":[{"code":"SUCCESS","details":{"id":"12"},"status":"success"}]}`: `{"data":[{"code":string,"details":{"id":string},"status":string}]}`,
		`{"data":[{"id":"1","Name":"Ada"},{"id":"2","Name":"Bob"},{"id":3,"Name":null}]}`:   `{"data":[{"id":string,"Name":string}|{"id":number,"Name":null}]}`,
		`{"info":{"more":false,"a\nb":[{}]}}`:                                               `{"info":{"more":boolean,"a\nb":[{}]}}`,
	} {
		if got := shapeOf([]byte(body)); got != want {
			t.Errorf("%s has the shape %s, not %s", body, got, want)
		}
	}
	if long := shapeOf([]byte(`{"` + strings.Repeat("é", mostShape) + `":1}`)); len(long) > mostShape {
		t.Errorf("a shape of %d bytes", len(long))
	}
}

func TestNamedIDs(t *testing.T) {
	for body, want := range map[string][]ID{
		`{"data":[{"id":"3"},{"id":"1"}],"info":{"id":"9"}}`:                              {3, 1},
		`{"data":[{"code":"SUCCESS","details":{"id":"7"}},{"details":{}}]}`:               {7},
		`{"data":[{"id":"5","$member_info":{"id":"6"},"Owner":{"id":"8","name":"Ada"}}]}`: {5},
		`{"code":"INVALID_DATA","details":{"id":"4"}}`:                                    nil,
		`<html>`: nil,
	} {
		if got := namedIDs([]byte(body)); !slices.Equal(got, want) {
			t.Errorf("%s names %v, not %v", body, got, want)
		}
	}
}

// An exchange shows the form of an answer, and neither its values nor the login.
func TestObserve(t *testing.T) {
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Sat, 28 Nov 2026 12:00:00 GMT")
		w.Header().Set("X-API-CREDITS-REMAINING", "41")
		_, _ = w.Write([]byte(`{"data":[{"id":"12","$member_info":{"Member_Status":"Sent","id":"77"}}],"info":{"more_records":false}}`))
	}))
	defer answers.Close()
	var seen []Exchange
	c, err := NewClient(fixed{}, answers.Client(), Options{APIDomain: answers.URL, Version: "v8", Timeout: time.Minute, Observe: func(x Exchange) { seen = append(seen, x) }})
	if err != nil {
		t.Fatal(err)
	}
	token, _ := c.Ready()
	states, err := c.LookUp(context.Background(), token, Relation{"Campaigns", "Leads"}, 5, []ID{12}, LookFor{Fields: []string{"$member_info"}})
	if err != nil || !states[0].Linked || states[0].Fields["Member_Status"] != "Sent" {
		t.Fatalf("%+v, %v", states, err)
	}
	x := seen[0]
	if x.Method != "GET" || x.Path != "/Campaigns/5/Leads" || x.Status != 200 || x.Credits != 41 || x.Date.Hour() != 12 || !slices.Equal(x.IDs, []ID{12}) ||
		x.Shape != `{"data":[{"id":string,"$member_info":{"Member_Status":string,"id":string}}],"info":{"more_records":boolean}}` || x.Ended.Before(x.Sent) {
		t.Errorf("%+v", x)
	}
	if err := c.Reach(context.Background()); err != nil || len(seen) != 2 || seen[1].Path != "/" || seen[1].Date.IsZero() {
		t.Errorf("%v, %+v", err, seen[1:])
	}
}

// fixed is a source with one token.
type fixed struct{ Tokens }

func (fixed) Ready() (Token, bool) { return NewToken("secret", ""), true }
func (fixed) Hide(b []byte) []byte { return b }

func TestOtherSides(t *testing.T) {
	for _, pair := range otherSides {
		for _, r := range pair {
			other, ok := OtherSide(r)
			back, okToo := OtherSide(other)
			if !ok || !okToo || back != r {
				t.Errorf("%s has the other side %s, and that has %s", r, other, back)
			}
			if RelatedModule(r) != other.Module {
				t.Errorf("the records of %s are of %s, and its other side is %s", r, RelatedModule(r), other)
			}
		}
	}
	if other, ok := OtherSide(Relation{"Campaigns", "Notes"}); ok {
		t.Errorf("Campaigns.Notes has the other side %s", other)
	}
	for r := range documented {
		if !supported[r] {
			t.Errorf("%s is documented, and not supported", r)
		}
	}
}

func TestDailyCredits(t *testing.T) {
	for _, tt := range []struct {
		edition string
		users   int
		want    int
		known   bool
	}{
		{"free", 0, 5_000, true},
		{"Standard", 10, 52_500, true},
		{"standard", 1_000, 100_000, true},
		{"professional", 100, 100_000, true},
		{"Enterprise", 100, 150_000, true},
		{"zoho one", 9_999, 5_000_000, true},
		{"crm_plus", 10, 70_000, true},
		{"ultimate", 0, 0, false},
		{"", 10, 0, false},
	} {
		if n, known := (Org{Edition: tt.edition, Users: tt.users}).DailyCredits(); n != tt.want || known != tt.known {
			t.Errorf("%s with %d users: %d, %v", tt.edition, tt.users, n, known)
		}
	}
}
