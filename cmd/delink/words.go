package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"delink/pkg/job"
	"delink/pkg/nearest"
)

// This file says what was probably meant by a command, a flag or a value that there is not.

// otherCommands has what people type for a command, and the commands that they may mean.
var otherCommands = map[string][]string{
	"login": {"auth login"}, "signin": {"auth login"}, "authenticate": {"auth login"}, "init": {"auth login"}, "setup": {"auth login"}, "config": {"auth login"}, "configure": {"auth login"},
	"logout": {"auth logout"}, "signout": {"auth logout"},
	"status": {"auth status", "report"}, "whoami": {"auth status"},

	"remove": {"run"}, "delete": {"run"}, "delink": {"run"}, "unlink": {"run"}, "rm": {"run"}, "start": {"run"}, "execute": {"run"}, "exec": {"run"},
	"send": {"run"}, "apply": {"run"}, "resume": {"run"}, "continue": {"run"}, "retry": {"run"}, "disassociate": {"run"}, "dissociate": {"run"},
	"preview": {"plan"}, "dryrun": {"plan"}, "simulate": {"plan"}, "validate": {"plan"}, "lint": {"plan"}, "count": {"plan"},
	"check": {"plan", "verify", "doctor"}, "test": {"plan", "doctor"},
	"audit": {"verify"}, "confirm": {"verify"}, "compare": {"verify"}, "diff": {"verify"},
	"rollback": {"undo"}, "restore": {"undo"}, "revert": {"undo"}, "relink": {"undo"}, "link": {"undo"}, "add": {"undo"}, "undelete": {"undo"},
	"list": {"export"}, "ls": {"export"}, "download": {"export"}, "fetch": {"export"}, "get": {"export"}, "query": {"export"}, "search": {"export"}, "dump": {"export"}, "show": {"report", "export"},
	"summary": {"report"}, "summarize": {"report"}, "stats": {"report"}, "statistics": {"report"}, "results": {"report"}, "log": {"report"}, "logs": {"report"}, "history": {"report"},
	"diagnose": {"doctor"}, "ping": {"doctor"}, "health": {"doctor"}, "info": {"doctor", "version"}, "limits": {"doctor"}, "probe": {"doctor"},
	"rehearse": {"emulator"}, "demo": {"emulator"}, "mock": {"emulator"}, "server": {"emulator"}, "serve": {"emulator"}, "sandbox": {"emulator"},
}

// otherFlags has what people type for a flag, and the flags that they may mean, as far as a command
// has them.
var otherFlags = map[string][]string{
	"force": {"yes", "restart"}, "assumeyes": {"yes"}, "confirm": {"yes"}, "noninteractive": {"yes"}, "batch": {"yes", "batch-size"},
	"simulate": {"dry-run"}, "preview": {"dry-run"}, "whatif": {"dry-run"}, "test": {"dry-run", "emulator"}, "demo": {"emulator"}, "rehearsal": {"emulator"},
	"limit": {"max-links", "max-calls"}, "threads": {"concurrency"}, "workers": {"concurrency"}, "parallel": {"concurrency"}, "jobs": {"concurrency"}, "slots": {"concurrency"},
	"retries": {"max-attempts"}, "attempts": {"max-attempts"}, "retry": {"retry-failed", "max-attempts"}, "resume": {"if-changed"}, "continue": {"if-changed"},
	"list": {"relation"}, "relatedlist": {"relation"}, "parent": {"parent-id"}, "campaign": {"parent-id"}, "campaignid": {"parent-id"}, "recordid": {"parent-id"},
	"separator": {"delimiter"}, "sep": {"delimiter"}, "mapping": {"columns"}, "header": {"columns"}, "headers": {"columns"},
	"datacenter": {"dc"}, "datacentre": {"dc"}, "region": {"dc"}, "domain": {"dc"}, "sandbox": {"environment"}, "env": {"environment"}, "production": {"environment"},
	"output": {"results", "html"}, "out": {"output", "results"}, "outfile": {"output", "results"}, "errors": {"failures"}, "reject": {"invalid"},
	"verbose": {"log-level"}, "debug": {"log-level"}, "silent": {"quiet"}, "backup": {"snapshot"}, "ignoreerrors": {"skip-invalid"}, "skiperrors": {"skip-invalid"},
	"filter": {"where"}, "criteria": {"where"}, "format": {"json", "log-format"}, "version": {"api-version"}, "sleep": {"rate"}, "throttle": {"rate"},
}

// secretFlags are what people type for credentials, which no flag takes: every user of a machine sees
// the command lines of all others.
var secretFlags = []string{
	"token", "accesstoken", "refreshtoken", "clientid", "clientsecret", "secret", "password", "apikey", "authtoken", "granttoken", "code", "user", "username",
}

// mostMeant is how many names a hint offers.
const mostMeant = 3

// plainWord is a word without case, hyphens and underscores.
func plainWord(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s))
}

// unknownCommand is the error for a word that is not a command of a group.
func unknownCommand(group *cobra.Command, word string) error {
	if !group.HasSubCommands() {
		return usageError{fmt.Errorf("%s has no commands below it", group.CommandPath()), group.CommandPath() + " --help says what it does"}
	}
	if !group.HasParent() && isInput(word) {
		file, path := shellQuote(word), group.CommandPath()
		return usageError{
			fmt.Errorf("a command is missing before %s", word),
			fmt.Sprintf("%s plan %s says what a run would do, %s run %s removes the links", path, file, path, file),
		}
	}
	hint := group.CommandPath() + " --help lists the commands"
	if like := meantCommands(group, word); len(like) > 0 {
		hint = "did you mean " + oneOf(like) + "? " + hint
	}
	return usageError{fmt.Errorf("unknown command %q for %s", word, group.CommandPath()), hint}
}

// isInput reports whether a word in the place of a command is an input.
func isInput(word string) bool {
	if word == job.Stdin {
		return true
	}
	for _, end := range []string{".csv", ".tsv", ".txt", ".gz", ".zst", ".xlsx", ".xls", ".ods"} {
		if strings.HasSuffix(strings.ToLower(word), end) {
			return true
		}
	}
	info, err := os.Stat(word)
	return err == nil && !info.IsDir()
}

// meantCommands gives the commands that were most likely meant by a word.
func meantCommands(group *cobra.Command, word string) (paths []string) {
	root := group.Root()
	for _, path := range otherCommands[plainWord(word)] {
		if path = root.CommandPath() + " " + path; !group.HasParent() || strings.HasPrefix(path, group.CommandPath()+" ") {
			paths = append(paths, path)
		}
	}
	if len(paths) > 0 {
		return paths
	}
	var names []string
	pathOf := map[string]string{}
	eachBelow(group, func(c *cobra.Command) {
		if _, twice := pathOf[c.Name()]; !twice {
			names, pathOf[c.Name()] = append(names, c.Name()), c.CommandPath()
		}
	})
	for _, name := range nearest.Names(word, names, mostMeant) {
		paths = append(paths, pathOf[name])
	}
	return paths
}

// eachBelow gives the commands below a group that people use, those that are nearest to it first.
func eachBelow(group *cobra.Command, give func(*cobra.Command)) {
	for _, c := range group.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			give(c)
		}
	}
	for _, c := range group.Commands() {
		if c.IsAvailableCommand() && c.Name() != "completion" {
			eachBelow(c, give)
		}
	}
}

// wrongFlag is the error for what pflag does not understand in a command line.
func wrongFlag(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); cmd.HasSubCommands() && len(args) > 0 {
		return unknownCommand(cmd, args[0]) // the flag is one of the command that was meant
	}
	hint := cmd.CommandPath() + " --help lists the flags"
	var (
		unknown *pflag.NotExistError
		invalid *pflag.InvalidValueError
		meant   string
	)
	switch {
	case errors.As(err, &unknown):
		if slices.Contains(secretFlags, plainWord(unknown.GetSpecifiedName())) {
			return usageError{inOurWords(err), "credentials come from the environment (ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN), or from the login that delink auth login stores"}
		}
		if name := longFlag(cmd, unknown.GetSpecifiedShortnames()); name != "" {
			return usageError{inOurWords(err), "did you mean --" + name + "? The name of a flag has two hyphens before it; " + hint}
		}
		meant = meantFlags(cmd, unknown.GetSpecifiedName())
	case errors.As(err, &invalid):
		if word := meantWord(invalid.GetFlag().Name, invalid.GetValue()); word != "" {
			meant = "--" + invalid.GetFlag().Name + " " + word
		}
	}
	switch {
	case meant != "":
		hint = "did you mean " + meant + "? " + hint
	case unknown != nil:
		if has := commandsWith(cmd.Root(), unknown.GetSpecifiedName()); len(has) > 0 {
			is := fmt.Sprintf("--%s is a flag of %s", unknown.GetSpecifiedName(), oneOf(has))
			if cmd.HasSubCommands() {
				is += ", and comes behind the command"
			}
			hint = is + "; " + hint
		}
	}
	return usageError{inOurWords(err), hint}
}

// longFlag gives the flag that was typed with one hyphen in place of two; empty if none was. letters
// are what is left of the word behind the letters that are flags: es of -yes.
func longFlag(cmd *cobra.Command, letters string) (name string) {
	letters, _, _ = strings.Cut(letters, "=")
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		before, found := strings.CutSuffix(f.Name, letters)
		for _, letter := range before {
			found = found && letter < utf8.RuneSelf && cmd.Flags().ShorthandLookup(string(letter)) != nil
		}
		if found && len(letters) > 1 && !f.Hidden {
			name = f.Name
		}
	})
	return name
}

// commandsWith gives the first commands that have a flag.
func commandsWith(root *cobra.Command, flag string) (paths []string) {
	eachBelow(root, func(c *cobra.Command) {
		if flag != "" && len(paths) < mostMeant && c.Flags().Lookup(flag) != nil && !slices.Contains(paths, c.CommandPath()) {
			paths = append(paths, c.CommandPath())
		}
	})
	return paths
}

// meantFlags names the flags of a command that were most likely meant by a name; empty if there are
// none.
func meantFlags(cmd *cobra.Command, name string) string {
	var flags, meant []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			flags = append(flags, f.Name)
		}
	})
	for _, other := range otherFlags[plainWord(name)] {
		if slices.Contains(flags, other) {
			meant = append(meant, "--"+other)
		}
	}
	if len(meant) == 0 {
		for _, near := range nearest.Names(name, flags, mostMeant) {
			meant = append(meant, "--"+near)
		}
	}
	return oneOf(meant)
}

// meantWord gives the word that was most likely meant by one that a flag does not take; empty if there
// is none, or if the flag takes many.
func meantWord(flag, word string) string {
	return strings.Join(nearest.Names(word, choices[flag], 1), "")
}

// oneOf joins words: a, b or c.
func oneOf(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}
