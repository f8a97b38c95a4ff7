package main

import (
	"strings"

	"delink/pkg/job"
)

// remedies are the flags that help against a refusal.
var remedies = map[job.Remedy]string{
	job.GiveResults:         "add --results FILE",
	job.GiveOtherResults:    "give this run another file with --results",
	job.GiveOtherFiles:      "give this run another place with --results, --failures and --summary, or begin anew with --restart",
	job.GiveSummary:         "give this run its own --summary and --failures too",
	job.GiveOwnFiles:        "give each file its own path",
	job.BeginAnew:           "begin anew with --restart",
	job.ResumeOrRestart:     "to go on and skip the links that are settled, add --if-changed resume; to begin anew, --if-changed restart",
	job.SkipInvalidRows:     "go on without them with --skip-invalid",
	job.LeaveOutStrict:      "without --strict this is a warning",
	job.RaiseMaxLinks:       "raise --max-links",
	job.VouchForRelation:    "if you know that it can be delinked, add --allow-relation ",
	job.LeaveOutEnvironment: "leave out --environment",
	job.SayYes:              "add --yes to go on without being asked",
}

// hint says what to do about a refusal.
func hint(r *job.Refusal) string {
	remedy := remedies[r.Remedy]
	switch {
	case remedy == "":
		return r.Hint
	case r.Remedy == job.VouchForRelation:
		remedy += r.Arg
	}
	if r.Hint == "" {
		return remedy
	}
	join := ", or "
	if r.Remedy == job.VouchForRelation || r.Remedy == job.LeaveOutStrict || strings.Contains(r.Hint, ", or ") {
		join = "; "
	}
	return r.Hint + join + remedy
}
