package main

import (
	"testing"

	"delink/pkg/report"
)

// A share that is a bound is rounded up.
func TestPercent(t *testing.T) {
	for _, c := range []struct {
		part, whole int
		want        string
	}{
		{0, 10, "0"},
		{297, 50_000, "0.6"},
		{1, 10_000_000, "0.00001"},
		{59_734, 10_000_000, "0.6"},
		{61_001, 10_000_000, "0.62"},
		{28, 2000, "1.4"},
		{1, 3, "34"},
		{1, 10, "10"},
		{10, 10, "100"},
	} {
		if got := percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d is %s %%, want %s", c.part, c.whole, got, c.want)
		}
	}
}

func TestSampleText(t *testing.T) {
	most := 356
	of := func(v report.Verification) *report.Verification {
		v.Links, v.Sample = 60_000, &report.Sample{Drawn: 500, Confidence: 0.95, AtMost: &most}
		return &v
	}
	const all = "with 95 % confidence at most 0.6 % (356 links) disagree"
	for want, v := range map[string]report.Verification{
		"all agree":      {Agree: 500},
		"none disagrees": {Agree: 499, ClaimsNothing: 1},
		"1 disagrees":    {Agree: 499, Disagree: 1},
		"2 disagree":     {Agree: 498, Disagree: 2},
		"3 could not be looked up and count as if they disagreed":       {Agree: 497, Unknown: 3},
		"2 disagree, 3 could not be looked up and count as if they did": {Agree: 495, Disagree: 2, Unknown: 3},
	} {
		if got, want := sampleText(of(v)), "of 60,000 links 500 were drawn and "+want+": "+all; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
