package main

import (
	"strings"

	"delink/pkg/job"
)

// remedies has what helps against a refusal, with the flag. FLAG stands for a flag of fileFlags.
var remedies = map[job.Remedy]string{
	job.NameTheFile:         "add FLAG FILE",
	job.OwnFiles:            "give each a file of its own: FLAG FILE chooses this one",
	job.AnotherPlace:        "choose another place with FLAG FILE",
	job.AnotherFolder:       "choose another folder for the files with --output-dir DIR",
	job.WaitOrAnother:       "wait until it ends, or give this run another file with FLAG",
	job.GiveOtherFiles:      "give this run other files with --results, --failures and --summary, or start over with --restart",
	job.GiveSummary:         "give this run its own --summary and --failures too",
	job.BeginAnew:           "start over with --restart",
	job.BeginAnewInDoubt:    "start over with --restart: the file is kept under a new name, and every link counts as one that an earlier run may have removed",
	job.ResumeOrRestart:     "to go on and skip the links that are done, add --if-changed resume; to start over, add --if-changed restart",
	job.SkipInvalidRows:     "go on without them with --skip-invalid",
	job.NameEncoding:        "say with --encoding how the file is really encoded",
	job.RaiseMaxLinks:       "raise --max-links",
	job.RaiseMaxCalls:       "raise --max-calls",
	job.VouchForRelation:    "if you know that it can be delinked, add --allow-relation ",
	job.LeaveOutEnvironment: "leave out --environment",
	job.SayYes:              "add --yes to go on without being asked",
	job.LeaveOutApproved:    "leave out --approved",
	job.RemoveAgain:         "to remove the links again, start over with --restart",
	job.OlderResults:        "if an earlier run is meant, name its results with --results, such as ",
	job.NameTheCopy:         "then name the copy with --output-dir DIR, or the results in it with FLAG FILE",
	job.WhereResults:        "if they are elsewhere, name their folder with --output-dir DIR, or the file with FLAG FILE",
}

// fileFlags has the flags that say where a file goes.
var fileFlags = map[job.Role]string{
	job.RoleResults:  "--results",
	job.RoleFailures: "--failures",
	job.RoleSummary:  "--summary",
	job.RoleInvalid:  "--invalid",
	job.RoleMetrics:  "--metrics",
	job.RolePage:     "--html (of run: --report)",
	job.RoleOutput:   "--output",
	job.RoleSnapshot: "--output-dir", // the snapshot has no flag of its own
}

// hint says what to do about a refusal.
func hint(r *job.Refusal) string {
	remedy := strings.Replace(remedies[r.Remedy], "FLAG", fileFlags[r.Role], 1)
	switch {
	case remedy == "":
		return r.Hint
	case r.Remedy == job.VouchForRelation:
		remedy += r.Arg
	case r.Remedy == job.OlderResults:
		remedy += shellQuote(asArgument(r.Arg))
	}
	if r.Hint == "" {
		return remedy
	}
	join := ", or "
	if r.Remedy == job.VouchForRelation || r.Remedy == job.OlderResults || strings.Contains(r.Hint, ", or ") {
		join = "; "
	}
	return r.Hint + join + remedy
}
