package job

import (
	"testing"
	"time"

	"delink/pkg/zoho"
)

func TestNights(t *testing.T) {
	org := &zoho.Org{Edition: "free"} // 5,000 credits a day
	left := func(n int) *int { return &n }
	tests := []struct {
		name   string
		p      Proposal
		limits Limits
		want   int
		days   int
	}{
		{"no limit", Proposal{Credits: 1_000_000}, Limits{}, 1, 1},
		{"no limit but the org's, of which it does not say what is left", Proposal{Credits: 1_000_000, Org: org}, Limits{}, 1, 1},
		{"enough", Proposal{Credits: 4000, Org: org, Left: left(4000)}, Limits{}, 1, 1},
		{"not enough", Proposal{Credits: 4001, Org: org, Left: left(4000)}, Limits{}, 2, 2},
		{"days of 5,000", Proposal{Credits: 14_001, Org: org, Left: left(4000)}, Limits{}, 4, 4},
		{"with a reserve", Proposal{Credits: 9000, Org: org, Left: left(4000)}, Limits{ReserveCredits: 1000}, 3, 3},
		{"nothing left today", Proposal{Credits: 10, Org: org, Left: left(5)}, Limits{ReserveCredits: 10}, 2, 2},
		{"a reserve that no day fills", Proposal{Credits: 10, Org: org, Left: left(5)}, Limits{ReserveCredits: 5000}, 0, 0},
		{"credits of an unknown edition", Proposal{Credits: 10, Left: left(5)}, Limits{}, 0, 0},
		{"calls", Proposal{Credits: 10}, Limits{MaxCalls: 4}, 3, 1},
		{"calls and credits", Proposal{Credits: 61, Org: org, Left: left(60)}, Limits{MaxCalls: 5}, 13, 2},
		{"calls, and credits of an unknown edition", Proposal{Credits: 61, Left: left(60)}, Limits{MaxCalls: 5}, 13, 0},
		{"time", Proposal{Credits: 1000, Calls: 1000, Time: time.Hour}, Limits{Deadline: 20 * time.Minute}, 4, 4},
		{"time and credits", Proposal{Credits: 1000, Calls: 1000, Time: time.Hour, Org: org, Left: left(100)}, Limits{Deadline: 30 * time.Minute}, 3, 3},
	}
	for _, test := range tests {
		j := &Job{config: Config{Limits: test.limits}}
		nights, days := j.nights(&test.p, test.limits.MaxCalls), j.nights(&test.p, 0)
		if nights != test.want || days != test.days {
			t.Errorf("%s: %d runs on %d days, want %d on %d", test.name, nights, days, test.want, test.days)
		}
	}
}
