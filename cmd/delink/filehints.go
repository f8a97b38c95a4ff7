package main

import "delink/pkg/job"

// fileFlags are the flags that say where a file goes.
var fileFlags = map[job.Role]string{
	job.RoleResults:  "--results",
	job.RoleFailures: "--failures",
	job.RoleSummary:  "--summary",
	job.RoleInvalid:  "--invalid",
}

// fileHint says which flag helps, if a refusal is about a file.
func fileHint(r *job.Refusal) string {
	flag := fileFlags[r.Role]
	switch r.FileRemedy {
	case job.NameTheFile:
		return "add " + flag + " FILE"
	case job.OwnFiles:
		return "give each its own file; " + flag + " FILE chooses this one"
	case job.AnotherPlace:
		return "choose another place with " + flag + " FILE"
	case job.WaitOrAnother:
		return "wait until it ends, or give this run another file with " + flag
	case job.NoFileRemedy:
	}
	return r.Hint
}
