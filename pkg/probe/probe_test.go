package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/zoho"
)

var (
	member = Target{campaignLeads, 100, 202}
	bare   = Target{campaignLeads, 100, 203} // has no fields, which would tell an old link from a new one
)

// A probe tells how an org answers at each point that is unsure, and leaves the link as it was.
func TestProbe(t *testing.T) {
	const own, other = "Campaigns.Leads ", "Leads.Campaigns "
	for _, c := range []struct {
		knobs string
		want  map[string]string
	}{
		{"", map[string]string{
			own + "approved_parameter": "accepted", own + "own_fields_with_id": "shown", own + "member_info": "full", own + "page_order": "by id",
			own + "look_up_order": "descending", " query_limit": "2000", own + "link_while_linked": "200", own + "delink": "200",
			own + "delink_names_id": "yes", own + "read_after_delink": "0", own + "all_bad_batch": "400", own + "link_again": "200",
			own + "read_after_link": "0", own + "fields_back": "same", other + "other_side": "same", other + "delink": "200",
			other + "all_bad_batch": "400", other + "link_again": "200", other + "fields_back": "same", " credits": "unknown",
		}},
		{"all-bad=207", map[string]string{own + "all_bad_batch": "207", other + "all_bad_batch": "207"}},
		{"all-bad=200", map[string]string{own + "all_bad_batch": "200"}},
		{"strict=true", map[string]string{own + "all_bad_batch": "400"}},
		{"no-details=always", map[string]string{own + "delink_names_id": "no"}},
		{"own-fields=asked", map[string]string{own + "own_fields_with_id": "asked", own + "fields_back": "same", other + "fields_back": "same"}},
		{"member-info=fields", map[string]string{own + "member_info": "fields"}},
		{"read-lag=700ms", map[string]string{own + "read_after_delink": "0.8", own + "read_after_link": "0.8", own + "fields_back": "same"}},
		{"read-lag=10s", map[string]string{own + "read_after_delink": "15.8", own + "fields_back": "same"}},
		{"sides=separate", map[string]string{other + "other_side": "another", other + "delink": "", own + "fields_back": "same"}},
		{"approved-param=refuse", map[string]string{own + "approved_parameter": "refused", own + "fields_back": "same", other + "fields_back": "same"}},
		{"query-limit=200", map[string]string{" query_limit": "200"}},
		{"credits-header=always", map[string]string{" credits": "look up 1, list 1, query 3, link while linked 1, delink 1, delink again 1, link again 1"}},
		{"credits-header=always link-credits=ten", map[string]string{own + "fields_back": "same"}},
		{"list-errors=Leads.Campaigns:NO_PERMISSION", map[string]string{other + "other_side": "refused", other + "delink": ""}},
		{"converted=202 converted-parents=refused", map[string]string{other + "other_side": "same", other + "delink": "refused", other + "link_again": ""}},
	} {
		t.Run(c.knobs, func(t *testing.T) {
			in(t, append(strings.Fields(c.knobs), "converted-links=allowed"), func(t *testing.T, r *rig) {
				report, err := Run(t.Context(), t.Context(), r.plan(member, leadCampaigns))
				if err != nil || report.Err != nil || !report.Restored || report.Blocked != "" || r.hasRecord() {
					t.Fatalf("%v, %+v", err, report)
				}
				wantValues(t, report, c.want)
				if b := r.e.Books(); b.Deleted > 0 || len(b.Violations) > 0 && c.knobs != "approved-param=refuse" {
					t.Errorf("books %+v", b)
				}
				if got := r.truth(member); got != "{true map[Member_Status:Sent]}" {
					t.Errorf("the link is %s", got)
				}
			})
		})
	}
}

// Links that cannot be made without a field get it back, from both sides.
func TestProbeOfMandatoryFields(t *testing.T) {
	for _, c := range []struct {
		target Target
		want   string
	}{
		{Target{productBooks, 300, 400}, "{true map[list_price:12.5]}"},
		{Target{dealRoles, 500, 600}, "{true map[Contact_Role:Buyer Contact_Role.id:9]}"},
	} {
		t.Run(c.target.Relation.String(), func(t *testing.T) {
			in(t, nil, func(t *testing.T, r *rig) {
				other, _ := zoho.OtherSide(c.target.Relation)
				report, err := Run(t.Context(), t.Context(), r.plan(c.target, other))
				if err != nil || report.Err != nil || !report.Restored {
					t.Fatalf("%v, %+v", err, report)
				}
				wantValues(t, report, map[string]string{c.target.Relation.String() + " fields_back": "same", other.String() + " delink": "200", other.String() + " fields_back": "same"})
				if got := r.truth(c.target); got != c.want {
					t.Errorf("the link is %s", got)
				}
			})
		})
	}
}

// What could not be made again is not removed.
func TestProbeRemovesNothing(t *testing.T) {
	for _, c := range []struct {
		name, knobs string
		target      Target
		refused     string // the error; empty if there is a report
		blocked     string
		ended       string
	}{
		{"no list price", "list-price=hidden", Target{productBooks, 300, 400}, "", "list_price", ""},
		{"no link", "", Target{campaignLeads, 100, 999}, "there is nothing to probe", "", ""},
		{"no parent", "", Target{campaignLeads, 999, 200}, "parent record does not exist", "", ""},
		{"records", "", Target{zoho.Relation{Module: "Campaigns", List: "Notes"}, 100, 200}, "holds records", "", ""},
		{"no UPDATE", "scopes=ZohoCRM.modules.campaigns.READ,ZohoCRM.modules.campaigns.DELETE", member, "", "", "cannot be linked again, so it was not removed"},
		{"refused by id", "id-errors=202:RECORD_LOCKED", member, "", "", "cannot be linked again, so it was not removed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in(t, strings.Fields(c.knobs), func(t *testing.T, r *rig) {
				report, err := Run(t.Context(), t.Context(), r.plan(c.target, zoho.Relation{}))
				switch {
				case c.refused != "":
					if err == nil || !strings.Contains(err.Error(), c.refused) {
						t.Errorf("%v, %+v", err, report)
					}
				case err != nil || !report.Restored || !strings.Contains(report.Blocked, c.blocked) || c.ended != "" && (report.Err == nil || !strings.Contains(report.Err.Error(), c.ended)):
					t.Errorf("%v, %+v", err, report)
				}
				if b := r.e.Books(); b.Removed+b.Deleted+b.Restored+b.Calls["delink"] > 0 || r.hasRecord() {
					t.Errorf("books %+v", b)
				}
			})
		})
	}
}

// A person who says no has nothing changed.
func TestProbeIsNotConfirmed(t *testing.T) {
	in(t, nil, func(t *testing.T, r *rig) {
		plan := r.plan(member, leadCampaigns)
		no := &job.Refusal{Cause: "not confirmed"}
		plan.Confirm = func(_ context.Context, fields zoho.Fields) error {
			if fields["Member_Status"] != "Sent" {
				t.Errorf("fields %v", fields)
			}
			return no
		}
		if _, err := Run(t.Context(), t.Context(), plan); !errors.Is(err, no) {
			t.Error(err)
		}
		if b := r.e.Books(); b.Calls["delink"]+b.Calls["link"] > 0 || r.hasRecord() {
			t.Errorf("books %+v", b)
		}
	})
}

// A record that is deleted stops the probe at once.
func TestProbeDeletes(t *testing.T) {
	in(t, []string{"delete-lists=Campaigns.Leads"}, func(t *testing.T, r *rig) {
		r.mu.Lock()
		r.each = func(_ int, req *http.Request) { // linking is allowed, as on no real list
			if req.Method == http.MethodDelete {
				r.set("delete-lists=Campaigns.Leads")
			} else {
				r.set("delete-lists=Leads.Notes")
			}
		}
		r.mu.Unlock()
		report, err := Run(t.Context(), t.Context(), r.plan(member, leadCampaigns))
		if err != nil || !report.Deleted || report.Restored || report.Record == "" || !r.hasRecord() {
			t.Fatalf("%v, %+v", err, report)
		}
		if b := r.e.Books(); b.Calls["delink"] != 1 || b.Calls["link"] != 1 || b.Deleted != 1 {
			t.Errorf("books %+v", b)
		}
	})
}

// calls is more than a probe makes, if reads do not lag behind.
const calls = 28

// Whatever call fails, and however, the link is as it was in the end, or the report says that it is
// not and the file puts it back.
func TestProbeFails(t *testing.T) {
	for _, fault := range []string{"drop-before", "drop-after", "500-after", "torn", "html-after", "empty-after", "429", "INVALID_DATA", "NO_PERMISSION", "invalid-token"} {
		t.Run(fault, func(t *testing.T) {
			for n := 1; n <= calls; n++ {
				script, lag, target := fmt.Sprintf("%d:%s", n, fault), "0s", member
				if n%2 == 0 {
					script = fmt.Sprintf("%d-%d:%s", n, n+2, fault)
				}
				if n%3 == 0 {
					lag, target = "3s", bare
				}
				in(t, []string{"faults-on=delink,read,link,query", "fault-script=" + script, "read-lag=" + lag}, func(t *testing.T, r *rig) {
					report, err := Run(t.Context(), t.Context(), r.plan(target, leadCampaigns))
					r.wantTruth(t, script+" "+lag, target, report, err)
				})
			}
		})
	}
}

// A probe that is told to stop puts the link back first. One that is told to leave at once says the
// truth, and its file puts the link back.
func TestProbeIsInterrupted(t *testing.T) {
	for n := 1; n <= calls; n++ {
		for _, how := range []string{"stop", "hard", "hard after its work"} {
			lag, target := "0s", member
			if n%2 == 1 {
				lag, target = "3s", bare
			}
			in(t, []string{"read-lag=" + lag, "latency=100ms", "work=" + map[bool]string{true: "start", false: "end"}[how == "hard after its work"]}, func(t *testing.T, r *rig) {
				stop, interrupt := context.WithCancel(t.Context())
				hard, leave := context.WithCancel(t.Context())
				defer interrupt()
				defer leave()
				r.mu.Lock()
				r.each = func(at int, _ *http.Request) {
					if at != n {
						return
					}
					interrupt()
					if how != "stop" {
						leave()
					}
				}
				r.mu.Unlock()
				report, err := Run(stop, hard, r.plan(target, leadCampaigns))
				if how == "stop" && err == nil && !report.Restored {
					t.Errorf("call %d: the link was not put back: %+v", n, report)
				}
				if how == "stop" && err == nil && report.Err != nil && !IsInterrupted(report.Err) {
					t.Errorf("call %d: %v", n, report.Err)
				}
				r.wantTruth(t, fmt.Sprintf("%s at %d, %s", how, n, lag), target, report, err)
			})
		}
	}
}

// wantTruth holds a report to the truth, and restores a link that is not as it was.
func (r *rig) wantTruth(t *testing.T, when string, target Target, report *Report, err error) {
	t.Helper()
	time.Sleep(time.Minute) // reads have caught up, and calls that were left have done their work
	whole := "{true map[Member_Status:Sent]}"
	if target == bare {
		whole = "{true map[]}"
	}
	truth := r.truth(target)
	if b := r.e.Books(); b.Deleted > 0 {
		t.Errorf("%s: books %+v", when, b)
	}
	if err != nil { // nothing was changed
		if truth != whole || r.hasRecord() {
			t.Errorf("%s: %v, and the link is %s", when, err, truth)
		}
		return
	}
	if report.Restored {
		if truth != whole || r.hasRecord() || len(report.Missing) > 0 {
			t.Errorf("%s: restored, says the report, and the link is %s: %+v", when, truth, report)
		}
		return
	}
	if len(report.Missing) == 0 || report.Record == "" {
		t.Errorf("%s: nothing is said to be missing: %+v", when, report)
	}
	record, err := ReadRecord(disk.OS{}, report.Record)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	if report, err = Restore(t.Context(), t.Context(), r.plan(Target{}, zoho.Relation{}), record); err != nil || !report.Restored || r.hasRecord() {
		t.Errorf("%s: %v, %+v", when, err, report)
	}
	if truth = r.truth(target); truth != whole {
		t.Errorf("%s: after the restoration the link is %s", when, truth)
	}
}

// A record of another org, or none at all, restores nothing.
func TestRestoreRefuses(t *testing.T) {
	in(t, nil, func(t *testing.T, r *rig) {
		record := Record{Format: 1, OrgID: "2", Module: "Campaigns", Parent: "100", List: "Leads", Related: "202"}
		if err := record.write(disk.OS{}, r.record()); err != nil {
			t.Fatal(err)
		}
		refusal := new(job.Refusal)
		if _, err := Restore(t.Context(), t.Context(), r.plan(Target{}, zoho.Relation{}), record); !errors.As(err, &refusal) {
			t.Error(err)
		}
		for content, want := range map[string]string{
			"": "not the file of a probe", "{}": "not the file of a probe", `{"delink_probe":2}`: "another version",
			`{"delink_probe":1,"module":"Campaigns","relation":"Leads","parent_id":"1"}`: "damaged",
		} {
			if err := (disk.OS{}).Replace(r.record(), func(w io.Writer) error { _, err := w.Write([]byte(content)); return err }); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadRecord(disk.OS{}, r.record()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", content, err)
			}
		}
	})
}

func TestParseTarget(t *testing.T) {
	for s, want := range map[string]string{
		"Campaigns.Leads:1:2":           "Campaigns.Leads:1:2",
		"Campaigns.Leads:zcrm_1:zcrm_2": "Campaigns.Leads:1:2",
		"Campaigns.Leads":               "", "Campaigns.Leads:1": "", "Leads:1:2": "", "Campaigns.Leads:1:x": "", "Campaigns.Leads:0:1": "", "Campaigns.Leads:1:2:3": "",
	} {
		got, err := ParseTarget(s)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%s is %v, %v", s, got, err)
		}
	}
}
