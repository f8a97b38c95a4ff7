package main

import (
	"runtime/debug"
	"testing"
)

func TestVersionLine(t *testing.T) {
	plain := build{Version: "1.2.3", Go: "go1.26.0", OS: "linux", Arch: "arm64"}
	settings := []debug.BuildSetting{
		{Key: "vcs", Value: "git"},
		{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
		{Key: "vcs.time", Value: "2026-11-28T23:49:03Z"},
		{Key: "vcs.modified", Value: "false"},
	}
	changed := append(settings[:3:3], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	for _, c := range []struct {
		settings []debug.BuildSetting
		want     string
	}{
		{nil, "delink 1.2.3 (go1.26.0, linux/arm64)\n"},
		{settings, "delink 1.2.3 (commit 0123456789ab of 2026-11-28, go1.26.0, linux/arm64)\n"},
		{changed, "delink 1.2.3 (commit 0123456789ab of 2026-11-28 with changes, go1.26.0, linux/arm64)\n"},
		{settings[1:2], "delink 1.2.3 (commit 0123456789ab, go1.26.0, linux/arm64)\n"},
	} {
		if got := plain.from(c.settings).line(); got != c.want {
			t.Errorf("of %v: %q, not %q", c.settings, got, c.want)
		}
	}
}
