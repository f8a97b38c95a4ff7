package zoho

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever body comes with whatever status: no panic, an item for each id in their order, and no id
// gone unless an item says so.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"data":[{"code":"SUCCESS","details":{"id":"1"},"message":"relation removed","status":"success"},{"code":"INVALID_DATA","details":{"id":"2"},"message":"relation not found","status":"error"}]}`,
		`{"data":[{"code":"SUCCESS","details":[{"id":3}],"message":"record deleted","status":"success"}]}`,
		`{"data":[{"code":200,"details":[],"message":"x","status":"success"},null,{}]}`,
		`{"code":"INVALID_DATA","details":{"resource_path_index":1},"message":"the related id given seems to be invalid","status":"error"}`,
		`{"code":429,"error":"TOO_MANY_REQUESTS","error_info":"the past 24 hours.","details":[]}`,
		"\ufeff{\"data\":[]}\r\n", "<html></html>", "", "null", `{"data":{}}`, `{"DATA":[{"Code":"SUCCESS"}]}`,
	} {
		for _, status := range []int{200, 207, 400, 401, 404, 429, 500, 301} {
			f.Add(body, status, uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, body string, status int, n uint8) {
		if status < 200 || status > 599 {
			return
		}
		ids := make([]ID, n%MaxIDs+1)
		for i := range ids {
			ids[i] = ID(i + 1)
		}
		answer, err := delink(t, over(t, canned{status: status, body: body}), ids)
		if err != nil {
			e := failure(t, err)
			if e.Code == "" && e.Status >= 400 || e.Error() == "" || strings.ContainsAny(e.Error(), "\r\n") {
				t.Errorf("%+v: %q", e, e.Error())
			}
			if status >= 500 && e.Kind != Unanswered || status == 429 && e.Kind != Throttled {
				t.Errorf("status %d is kind %d", status, e.Kind)
			}
			return
		}
		if !answer.Deleted && (status >= 500 || status == 401 || status == 429 || status >= 300 && status < 400) {
			t.Fatalf("status %d gave an answer by id", status)
		}
		if len(answer.Items) != len(ids) {
			t.Fatalf("%d items for %d ids", len(answer.Items), len(ids))
		}
		says := bytes.Contains(bytes.ToUpper([]byte(body)), []byte("SUCCESS")) || strings.Contains(body, `\u`) || strings.Contains(body, "ſ")
		for i, item := range answer.Items {
			if item.ID != ids[i] {
				t.Fatalf("item %d is of %v", i, item.ID)
			}
			if item.Verdict == Removed && !says {
				t.Fatalf("removed, but nothing says SUCCESS: %q", body)
			}
			if strings.ContainsAny(item.Message+item.Code, "\r\n\x1b\x00") || len(item.Message) > 1000 {
				t.Fatalf("message %q", item.Message)
			}
		}
	})
}

// What is read in the usual form is what the reader of every form makes of it.
func FuzzUsual(f *testing.F) {
	item := `{"code":"SUCCESS","details":{"id":"1"},"message":"relation removed","status":"success"}`
	for _, body := range []string{
		`{"data":[` + item + `]}`, `{"data":[` + item + `,` + item + `]}`, `{"data":[` + item + item + `]}`, `{"data":[` + item + `,]}`,
		`{"data":[{"code":"SUCCESSFUL","details":{"id":"1"},"message":"relation removed!","status":"success"},` + item + `]}`,
		`{"data":[` + item + `,{"code":"","details":{"id":""},"message":"","status":""},` + item + `]}`,
		`{"data":[` + item + `]}]}`, `{"data":[` + item + `],"code":"X"}`, `{"data":[` + strings.ToUpper(item) + `]}`,
		`{"data":[{"code":"a\"b","details":{"id":"1"},"message":"é","status":"s"}]}`, `{"data":[{"code":"`, `{"data":[{"code":"x"}]}`, `{"data":[]}`,
		`{"data":[{"code":"X","details":{"id":"1"},"message":"","status":"\u0041"}]}`, `{"data":[{"code":"X","details":{"id":1},"message":"","status":""}]}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got, want := usual([]byte(body)), decodeAny([]byte(body))
		if got == nil {
			return
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(envelope{}, result{}, details{})); diff != "" {
			t.Fatalf("%q: %s", body, diff)
		}
	})
}

// A read says that a link is there only where its id is in the answer.
func FuzzLinked(f *testing.F) {
	for _, body := range []string{`{"data":[{"id":"1"},{"id":2}],"info":{"more_records":false}}`, "", `{"data":[]}`, `{"data":null}`, `{"data":[{"id":"9"}]}`, `{"data":[{"id":"1"}],"info":{"more_records":true}}`} {
		f.Add(body, 200)
		f.Add(body, 204)
	}
	f.Fuzz(func(t *testing.T, body string, status int) {
		if status < 200 || status > 599 {
			return
		}
		linked, err := linked(t, over(t, canned{status: status, body: body}), []ID{1, 2, 3})
		if err != nil {
			failure(t, err)
			return
		}
		if len(linked) != 3 || status >= 300 {
			t.Fatalf("status %d: %v", status, linked)
		}
		for i, yes := range linked {
			if yes && !strings.Contains(body, strconv.Itoa(i+1)) && !strings.Contains(body, `\u`) {
				t.Fatalf("%d is linked by %q", i+1, body)
			}
		}
	})
}

// Every id has one spelling: what is read is what is written.
func FuzzParseID(f *testing.F) {
	for _, s := range []string{"1", "0", "", "01", "3652397000000925128", "18446744073709551615", "18446744073709551616", "99999999999999999999", "999999999999999999999", "-1", "+1", " 1", "1 ", "1.0", "1e3", "٣", "zcrm_1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		plain := s != "" && len(s) <= MaxIDDigits && s[0] != '0' && strings.Trim(s, "0123456789") == ""
		if plain {
			_, tooLarge := strconv.ParseUint(s, 10, 64)
			plain = tooLarge == nil
		}
		switch {
		case (err == nil) != plain:
			t.Errorf("%q: %v", s, err)
		case err == nil && (id.String() != s || string(id.Append([]byte("x"))) != "x"+s || id == 0):
			t.Errorf("%q is read as %v", s, id)
		case err != nil && id != 0:
			t.Errorf("%q gives an id and an error", s)
		}
	})
}
