package worker

import (
	"strings"
	"testing"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// Links are made with their fields, after one was tried alone; those that are there keep theirs.
func TestRelink(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 6, 100), "latency=1s")
		r.settings.Slots = 1
		r.put(0, 3, 250)
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 597, present: 3})
		if o := r.out[0]; o.Code != zoho.CodeLinkedAlready || o.Attempts != 1 {
			t.Errorf("%+v", o)
		}
		if o := r.out[1]; o.Code != "SUCCESS" || o.Message != "relation added" || o.HTTPStatus != 200 || o.Attempts != 3 {
			t.Errorf("%+v", o)
		}
		if n := len(r.calls); n != 6+6+2 {
			t.Errorf("%d calls", n)
		}
	})
}

// However the CRM answers, and whatever a relation needs, links are made.
func TestRelinkForms(t *testing.T) {
	for _, knobs := range []string{
		"", "contact-roles=list", "list-price=hidden", "details-form=array", "details-form=empty-array", "id-form=number",
		"code-form=number", "wording=varied", "own-fields=asked", "link-credits=ten", "decor=both", "order=shuffled",
	} {
		for name, relation := range map[string]zoho.Relation{"leads": campaignLeads, "books": priceBooks, "roles": contactRoles} {
			t.Run(knobs+" "+name, func(t *testing.T) {
				in(t, func(t *testing.T) {
					var set []string
					if knobs != "" {
						set = []string{knobs}
					}
					r := newRelinkRig(t, some(relation, 3, 8), set...)
					r.put(2, 9)
					r.mustEnd(outcome.Completed)
					r.want(relinked{restored: 22, present: 2})
				})
			})
		}
	}
}

// Contact roles are made one by one, and looked up together.
func TestRelinkSingly(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(contactRoles, 2, 50))
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 100})
		if looks, puts := r.count(lookups), r.count(sends); looks != 3 || puts != 100 {
			t.Errorf("%d look-ups, %d calls that make links", looks, puts)
		}
	})
}

// What is refused by its id fails, and the others of its call are made.
func TestRelinkRefusedByID(t *testing.T) {
	for name, knobs := range map[string][]string{
		"error":           {"id-errors=1000003:RECORD_LOCKED,1000007:NO_PERMISSION"},
		"first":           {"id-errors=1000000:RECORD_LOCKED,1000001:RECORD_LOCKED"},
		"converted":       {"converted=1000003,1000000"},
		"other module":    {"other-module=1000003,1000004"},
		"mixed with 200":  {"id-errors=1000003:RECORD_LOCKED,1000007:NO_PERMISSION", "mixed=200"},
		"all bad, 200":    {"id-errors=1000000:RECORD_LOCKED,1000007:NO_PERMISSION", "all-bad=200"},
		"all bad, 207":    {"id-errors=1000000:RECORD_LOCKED,1000007:NO_PERMISSION", "all-bad=207"},
		"details as list": {"id-errors=1000003:RECORD_LOCKED,1000007:NO_PERMISSION", "details-form=array"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRelinkRig(t, some(campaignLeads, 2, 10), knobs...)
				r.mustEnd(outcome.Completed)
				r.want(relinked{restored: 18, failed: 2})
			})
		})
	}
}

// Links that are all refused fail one by one: no trial passes, so no call has two of them.
func TestRelinkAllRefused(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 3, 4), "id-errors=1000000:A,1000001:A,1000002:A,1000003:A,1000004:A,1000005:A,1000006:A,1000007:A,1000008:A,1000009:A,1000010:A,1000011:A")
		r.mustEnd(outcome.Completed)
		r.want(relinked{failed: 12})
		if n := r.count(func(c call) bool { return sends(c) && len(c.ids) > 1 }); n > 0 {
			t.Errorf("%d calls with more than one link", n)
		}
	})
}

// Only what lacks a field that is mandatory fails.
func TestRelinkWithoutMandatoryField(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(priceBooks, 1, 6))
		own := r.fields
		r.fields = func(pos int) zoho.Fields {
			if pos == 0 || pos == 4 {
				return nil
			}
			return own(pos)
		}
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 4, failed: 2})
		if o := r.out[4]; o.Code != "MANDATORY_NOT_FOUND" || !strings.Contains(o.Message, "list_price") {
			t.Errorf("%+v", o)
		}
	})
}

// Calls that make links and go unanswered are made again. What they did before is no "present".
func TestRelinkUnanswered(t *testing.T) {
	for _, c := range []struct {
		script string
		want   relinked
	}{
		{"2:reset-before", relinked{restored: 20}},
		{"2:reset-after", relinked{restored: 20}},
		{"2:500-before", relinked{restored: 20}},
		{"2:torn", relinked{restored: 20}},
		{"2:html-after", relinked{restored: 20}},
		{"1:drop-after", relinked{restored: 20}},
		{"1-3:drop-after", relinked{restored: 20}},
		{"1-3:drop-before", relinked{restored: 19, unknown: 1}},
		{"2-4:drop-after", relinked{restored: 20}},
		{"2-7:drop-before", relinked{restored: 1, unknown: 19}},
		{"2-7:empty-before", relinked{restored: 1, unknown: 19}},
		{"1-3:drop-late", relinked{restored: 20}}, // after 4 s
		{"2-7:504-late", relinked{restored: 20}},  // between the looks
		{"2-7:hang-before", relinked{restored: 1, unknown: 19}},
	} {
		t.Run(c.script, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRelinkRig(t, some(campaignLeads, 2, 10), "late=4s", "fault-script="+c.script)
				r.settings.Jitter = func(time.Duration) time.Duration { return 0 }
				r.mustEnd(outcome.Completed)
				r.want(c.want)
			})
		})
	}
}

// A call that went unanswered can be carried out late, whatever the next call is refused for. Only
// if the CRM has refused the link by its id does it stay as it is.
func TestRelinkRefusedBehindUnanswered(t *testing.T) {
	for _, code := range []string{"SOMETHING_NEW", "LIMIT_EXCEEDED", "INVALID_MODULE", "NO_PERMISSION"} {
		t.Run(code, func(t *testing.T) {
			in(t, func(t *testing.T) {
				r := newRelinkRig(t, some(campaignLeads, 1, 1), "late=20s", "fault-script=1:drop-late,2:"+code)
				r.mustEnd(outcome.Completed)
				r.want(relinked{unknown: 1})
			})
		})
	}
	in(t, func(t *testing.T) { // the link is locked when it is sent again, and made behind the first look
		r := newRelinkRig(t, some(campaignLeads, 1, 1), "latency=100ms", "late=3s", "fault-script=1:504-late")
		r.settings.Jitter = func(time.Duration) time.Duration { return 0 }
		time.AfterFunc(250*time.Millisecond, func() { r.set("id-errors=1000000:RECORD_LOCKED") })
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 1})
		if looks, sent := r.count(lookups), r.count(sends); looks != 3 || sent != 2 {
			t.Errorf("%d look-ups, %d calls that make links", looks, sent)
		}
	})
}

// Links of a call that was refused because of another one are sent again.
func TestRelinkUntouched(t *testing.T) {
	in(t, func(t *testing.T) {
		r := newRelinkRig(t, some(campaignLeads, 1, 6))
		r.spy.change = func(n int, a *zoho.Answer) {
			for i := range a.Items {
				switch {
				case n != 2:
				case i == 3:
					a.Items[i].Verdict = zoho.Silent
				default:
					a.Items[i] = zoho.Item{ID: a.Items[i].ID, Verdict: zoho.Untouched, Code: "RECORD_LOCKED"}
				}
			}
		}
		r.mustEnd(outcome.Completed)
		r.want(relinked{restored: 6})
		if n := r.count(sends); n != 4 {
			t.Errorf("%d calls that make links", n)
		}
	})
}
