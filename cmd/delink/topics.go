package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"delink/pkg/outcome"
)

// addTopics adds the help topics below the root, when all commands are there. To cobra, a command
// that does nothing is a topic.
func addTopics(root *cobra.Command) {
	for _, t := range []struct{ name, short, text string }{
		{"exit-codes", "what the exit codes mean, and what to do then", exitCodesTopic()},
		{"environment", "all environment variables", environmentTopic(root)},
		{"files", "what lies beside an input, what it is for, and what may be deleted", filesTopic},
	} {
		root.AddCommand(&cobra.Command{Use: t.name, Short: t.short, Long: t.text})
	}
}

// topic gives the text of a topic.
func topic(root *cobra.Command, name string) string {
	for _, cmd := range root.Commands() {
		if cmd.Name() == name {
			return cmd.Long
		}
	}
	return ""
}

func exitCodesTopic() string {
	return "The exit code says how a command ended:\n\n" + exitCodes() + `
With --fail-absent, links that were absent make run end with 3. For doctor, 3 means that something would keep a run from removing some
part, and 1 also that the link of a probe is not as it was.

After 1 and 5 the same command goes on where it stopped; links that are done are not sent again. After 3, read why links failed: delink report
INPUT tells it for the whole job, and run --retry-failed sends them again. After 4, delink doctor says what the login lacks. After 130,
links whose call had no answer yet are unknown: the same command finds out what became of them.
`
}

// exitCodes are the rows of all exit codes.
func exitCodes() string {
	var rows [][2]string
	for _, c := range outcome.ExitCodes {
		rows = append(rows, [2]string{strconv.Itoa(c.Code), c.Meaning})
	}
	return table(rows)
}

// variables are the environment variables that stand for no flag.
var variables = []struct {
	intro string
	rows  [][2]string
}{
	{"The login. It is used instead of a login that delink auth login has stored:", [][2]string{
		{"ZOHO_CLIENT_ID", "id of the client"},
		{"ZOHO_CLIENT_SECRET", "secret of the client"},
		{"ZOHO_REFRESH_TOKEN", "the refresh token"},
		{"ZOHO_ACCESS_TOKEN", "a ready access token instead of these three; it works for about an hour"},
		{"ZOHO_CLIENT_ID_FILE", "a file that holds the value; the other three have such a variable, too: ZOHO_CLIENT_SECRET_FILE, ZOHO_REFRESH_TOKEN_FILE and ZOHO_ACCESS_TOKEN_FILE"},
	}},
	{"Where calls go:", [][2]string{
		{"ZOHO_DC", "data centre, if --dc does not say it"},
		{"ZOHO_ACCOUNTS_URL", "host that gives tokens, instead of that of the data centre"},
		{"ZOHO_API_DOMAIN", "host of the API, instead of the one that the token names"},
		{"HTTPS_PROXY", "proxy for all calls"},
		{"NO_PROXY", "hosts that are called without the proxy"},
		{"SSL_CERT_FILE", "a file with root certificates instead of those of the system; where the system has none, built-in ones count"},
	}},
	{"Monitoring:", [][2]string{
		{"DELINK_PING_URL", "URL of a monitor that is told when a command starts and how it ends; {code} in it becomes the exit code"},
	}},
	{"The screen:", [][2]string{
		{"NO_COLOR", "no colours, if it is set"},
		{"TERM", "dumb for a terminal that cannot draw over a line: no bar, and no characters but ASCII"},
		{"COLUMNS", "width of help texts and reports where standard output is no terminal; without it, that of the terminal of standard error, else 80"},
		{"LC_ALL", "with LC_CTYPE and LANG: whether reports may have other characters than ASCII"},
	}},
	{"Folders of the user:", [][2]string{
		{"HOME", "where they are, if the next two are not set"},
		{"XDG_CONFIG_HOME", "logins, and where runs have left links in doubt"},
		{"XDG_CACHE_HOME", "access tokens, and what exports to standard output have read"},
	}},
}

func environmentTopic(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("Every flag has an environment variable. --max-calls is DELINK_MAX_CALLS, and --yes is DELINK_YES=true. A flag counts more than its variable. Credentials come from the environment, from files or from a stored login, and never from flags.\n\n")
	for _, v := range variables {
		b.WriteString(v.intro + "\n\n" + table(v.rows) + "\n")
	}
	b.WriteString("Flags:\n\n" + table(flagVariables(root)))
	return b.String()
}

// filesTopic says what each file is for. A script compares it with what commands leave.
const filesTopic = `The names here are those for the input links.csv. --results and its like put files elsewhere; the hidden ones stay beside the file that
they belong to. Only their owner can read them. No file is cut short or overwritten: an older one that is in the way gets a new name with
its time, such as links.results.20261124-193000.csv.

run writes:

  links.results.csv                  what became of each row that is done. The next run goes by it, and so do verify, undo and report: keep it until you need none of them.
  links.failures.csv                 the rows whose links failed or are unknown, and the rows that cannot be used, each with the reason. It is an input itself: delink run links.failures.csv. It may be deleted.
  links.summary.json                 how the last run ended, in numbers. It belongs to the results: keep it beside them.
  links.snapshot.csv                 with --snapshot, the links' own fields before they were removed. undo needs it to give them back: keep it until you are sure.
  .links.results.csv.delink-journal  which links were about to be sent. It is there while a run goes on, and while links are in doubt. Do not delete it: nobody could tell then which links a killed run may have removed.
  .links.results.csv.delink-calls    a record of all calls, at most 32 MB. report shows speed and answer times from it. It may be deleted.
  .links.failures.csv.delink-digest  tells whether somebody has corrected the failures file, which is then kept under a new name. Delete it together with that file. links.verify.csv has one, too.

verify writes:

  links.verify.csv                   one row for each link: what the results say, and what the CRM says. It may be deleted.
  .links.verify.csv.delink-findings  what a verify that was stopped has found. The same command goes on with it. It may be deleted.

undo writes:

  links.undo.csv                        what became of each link. The next undo goes by it, and run looks whether the job was undone: keep it beside the results.
  links.undo.summary.json               how the last undo ended, in numbers. Keep it beside the results.
  .links.undo.csv.delink-undo-journal   which links were about to be made. Do not delete it.
  .links.undo.csv.delink-calls          a record of all calls. It may be deleted.

export writes, for Campaigns.Leads:

  campaigns-leads.csv                          the list, an input of run. It may be deleted.
  .campaigns-leads.csv.delink-export-…         what an unfinished export has read. The same command goes on with it. It may be deleted: the export starts over then.

doctor --probe writes:

  delink-probe-20261124T193000Z.json  how the link was before the probe. It is there while the probe goes on, or if it was killed: doctor --restore puts the link back with it, and removes it.

All of them may leave, if they were killed:

  .links.results.csv.delink-lock              held while a command writes the file. It may be deleted when none runs; other files have one, too.
  .links.results.csv.delink-tmp-1a2b3c4d      a file under way. The next run removes it, and those with reserve or input in place of tmp.

In the user's folders:

  delink/logins.json  in the configuration folder: the logins of delink auth login. delink auth logout removes one.
  delink/journals     beside it: where runs have left links in doubt. Do not delete it while there are such links.
  delink              in the cache folder: access tokens, and exports to standard output that are not finished. It may be deleted.
`
