package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"delink/pkg/zoho"
)

// However a 429 looks, no link is lost by it: too many calls in flight slow the run down, and where
// the credits are gone it stops and leaves the rest pending.
func TestKnobsOfThrottling(t *testing.T) {
	interacting := product(values("throttle-body"), values("credits-answer"), values("retry-after"))
	others := []choice{values("credits-header"), values("throttle-code"), values("rate-headers"), values("code-form"), values("decor"), values("details-form")}
	each(t, interacting, others, func(t *testing.T, settings []string) {
		has := func(s string) bool { return slices.Contains(settings, s) }
		said := has("credits-answer=header") || has("credits-answer=text") && (has("throttle-body=envelope") || has("throttle-body=number"))
		// how credits are told makes no difference while there are some
		if has("credits-answer=text") {
			trial{
				name:  "too many in flight",
				knobs: append([]string{"in-flight=2", "latency=100ms"}, settings...),
				args:  []string{"--concurrency", "6"},
				links: manyParents(12),
			}.run(t, func(o *aftermath) {
				o.fates()
				if o.books.Throttled == 0 || o.summary.Throttled != o.books.Throttled || o.books.NoCredits > 0 {
					o.Errorf("%d calls throttled, %d in the summary", o.books.Throttled, o.summary.Throttled)
				}
				if o.summary.Absent > 0 {
					o.Error("a call that was refused as one too many was taken for one without an answer")
				}
				asked := has("retry-after=seconds") || has("retry-after=date")
				// a date has no milliseconds
				if o.took > time.Minute || asked && o.took < 4*time.Second {
					o.Errorf("took %v", o.took)
				}
			})
		}
		trial{
			name:  "no credits",
			knobs: append([]string{"credits=8"}, settings...),
			args:  []string{"--concurrency", "3"},
			links: manyParents(12),
		}.run(t, func(o *aftermath) {
			if o.code != 5 || o.summary.Reason != "credits" || o.summary.Failed+o.summary.Unknown > 0 {
				o.Errorf("%s, exit code %d", o.summary.Reason, o.code)
			}
			if o.summary.Removed != 12 { // two of eight credits went to questions
				o.Errorf("%d links removed", o.summary.Removed)
			}
			most := 3
			if !said {
				most += 5
			}
			if o.books.NoCredits > most || o.took > 5*time.Minute {
				o.Errorf("%d calls in vain, %v", o.books.NoCredits, o.took)
			}
			if left := o.summary.CreditsRemaining; has("credits-header=always") && (left == nil || *left != 0) {
				o.Errorf("credits remaining: %v", left)
			}
		})
	})
}

// The plan names the org, and as many calls are in flight as its edition allows.
func TestKnobsOfTheOrg(t *testing.T) {
	slots := map[string]int{"free": 5, "standard": 10, "professional": 15, "enterprise": 20, "zohoone": 20, "ultimate": 25, "crmplus": 25}
	each(t, product(values("edition"), values("org-type")), []choice{values("id-form"), values("decor")}, func(t *testing.T, settings []string) {
		trial{knobs: append([]string{"latency=100ms"}, settings...), links: manyParents(60)}.run(t, func(o *aftermath) {
			o.fates()
			if o.books.Throttled > 0 || o.books.Peak != slots[value(settings, "edition")] {
				o.Errorf("%d calls in flight, %d refused", o.books.Peak, o.books.Throttled)
			}
			kind := value(settings, "org-type")
			if kind == "production" {
				kind = "PRODUCTION"
			}
			o.says("Emulated Inc. (" + kind)
		})
	})
}

// All versions of the API take the same call. One that the CRM does not support stops the run, as
// does an address at which there is nothing.
func TestKnobsOfVersions(t *testing.T) {
	each(t, product(choice{"refused-versions", []string{"", "v2,v2.1,v3,v4,v5,v6,v7"}}), nil, func(t *testing.T, settings []string) {
		for _, version := range zoho.Versions {
			trial{name: version, knobs: settings, args: []string{"--api-version", version, "--concurrency", "1"}, links: manyParents(3)}.run(t, func(o *aftermath) {
				if slices.Contains(strings.Split(value(settings, "refused-versions"), ","), version) {
					if o.code != 1 || o.summary.Pending != 6 || o.books.Calls["delink"] > 1 {
						o.Errorf("%s: exit code %d", version, o.code)
					}
					o.says("does not support")
					return
				}
				o.fates()
			})
		}
	})
	each(t, product(values("code-form"), values("details-form")), nil, func(t *testing.T, settings []string) {
		trial{knobs: settings, env: map[string]string{"ZOHO_API_DOMAIN": "http://localhost/nowhere"}, links: manyParents(3)}.run(t, func(o *aftermath) {
			o.says("ZOHO_API_DOMAIN")
			if slices.Contains(settings, "code-form=string") && (o.code != 1 || o.summary.Pending != 6) || o.summary.Calls > 3 {
				o.Errorf("exit code %d after %d calls", o.code, o.summary.Calls)
			}
		})
	})
	for _, status := range []string{"405", "413", "415"} {
		prime()
		t.Run(status, func(t *testing.T) {
			trial{knobs: []string{"fault-script=*:" + status}, args: []string{"--concurrency", "1"}, links: manyParents(3)}.run(t, func(o *aftermath) {
				if o.code != 1 || o.summary.Pending != 6 || o.books.Calls["delink"] != 1 {
					o.Errorf("exit code %d after %d calls", o.code, o.books.Calls["delink"])
				}
				o.says("hint: ")
			})
		})
	}
}

// The org has to be of the kind that --environment names, whatever the host is called.
func TestEnvironmentIsChecked(t *testing.T) {
	prime()
	// so that the environment decides where calls go
	nowhere := map[string]string{"ZOHO_API_DOMAIN": ""}
	for _, kind := range []string{"production", "sandbox", "developer"} {
		for _, meant := range []string{"production", "sandbox", "developer"} {
			t.Run(meant+" is meant, and it is "+kind, func(t *testing.T) {
				trial{knobs: []string{"org-type=" + kind}, env: nowhere, args: []string{"--environment", meant}, links: manyParents(2)}.run(t, func(o *aftermath) {
					if kind == meant {
						o.fates()
						return
					}
					if o.code != 2 || o.books.Calls["delink"] > 0 {
						o.Errorf("exit code %d after %d calls", o.code, o.books.Calls["delink"])
					}
					o.says("Emulated Inc. is a " + kind + " org, but --environment asks for a " + meant + " org")
					o.says("leave out --environment")
				})
			})
		}
	}
}
