package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"delink/pkg/report"
)

// usedLogin says which login a command would use, and why. It is a part of what auth list prints as
// JSON.
type usedLogin string

const (
	usedEnvironment usedLogin = "environment" // it beats the stored ones
	usedOnly        usedLogin = "only"        // the only stored one that fits
	usedDefault     usedLogin = "default"     // of several, the one that auth use chose
	usedNone        usedLogin = "none"
)

// loginList is what auth list prints as JSON.
type loginList struct {
	Logins  []listedLogin `json:"logins"`
	Used    usedLogin     `json:"used"`
	Problem string        `json:"problem,omitempty"` // why none is used
}

// listedLogin is a stored login without its secrets.
type listedLogin struct {
	Org        string     `json:"org"`
	OrgID      string     `json:"org_id"`
	DataCentre string     `json:"data_centre"`
	Type       string     `json:"type"`
	Scopes     []string   `json:"scopes"`
	MadeAt     *time.Time `json:"made_at"` // null if it is not known
	Default    bool       `json:"default"`
	Used       bool       `json:"used"`
}

func (p *program) listCommand() *cobra.Command {
	var w whereFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "shows all stored logins, and which one is used",
		Long: `list shows the logins that auth login stored, without their secrets, and says which login a command would use now, and why. With --org or
--dc it says which one a command with these flags would use.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return plainly(p.authList(w, asJSON)) },
	}
	w.defineCenter(cmd.Flags())
	w.defineOrg(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return cmd
}

func (p *program) authList(w whereFlags, asJSON bool) error {
	logins, err := readLogins()
	if err != nil {
		return err
	}
	list := loginList{Logins: []listedLogin{}, Used: usedNone}
	used, err := p.login(w)
	switch {
	case err != nil:
		list.Problem = err.Error()
	case used.stored == nil:
		list.Used = usedEnvironment
	default:
		list.Used = usedOnly
	}
	for _, s := range logins {
		l := listedLogin{Org: s.Org, OrgID: s.OrgID, DataCentre: s.DC, Type: s.OrgType, Scopes: s.Scopes, Default: s.Default}
		if !s.Made.IsZero() {
			l.MadeAt = &s.Made
		}
		if used.stored != nil && s.replaces(used.stored) {
			l.Used = true
			if s.Default && len(logins) > 1 {
				list.Used = usedDefault
			}
		}
		list.Logins = append(list.Logins, l)
	}
	if asJSON {
		return report.EncodeJSON(p.stdout, list)
	}
	return p.print(list.text(p.stdoutWidth()))
}

// text is the list for people. Its table is for so many columns; 0 for lines of any length.
func (l *loginList) text(columns int) string {
	var b strings.Builder
	if len(l.Logins) > 0 {
		b.WriteString(l.table(columns) + "\n")
	}
	b.WriteString("used now: " + l.reason() + "\n")
	return b.String()
}

// table has a line for each login, or two where one is too long.
func (l *loginList) table(columns int) string {
	var lines, pairs strings.Builder
	t := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "  org\tid\tdata centre\tkind\tmade")
	for _, s := range l.Logins {
		mark, made := " ", "-"
		if s.Used {
			mark = "*"
		}
		if s.MadeAt != nil {
			made = s.MadeAt.Local().Format(time.DateOnly)
		}
		org, id, kind := cmp.Or(s.Org, "(name not known)"), cmp.Or(s.OrgID, "-"), cmp.Or(s.Type, "-")
		_, _ = fmt.Fprintf(t, "%s %s\t%s\t%s\t%s\t%s\n", mark, org, id, s.DataCentre, kind, made)
		fmt.Fprintf(&pairs, "%s %s\n  %s %s %s %s\n", mark, org, id, s.DataCentre, kind, made)
	}
	_ = t.Flush() // of a strings.Builder, which does not fail
	for line := range strings.Lines(lines.String()) {
		if columns > 0 && utf8.RuneCountInString(line) > columns+1 { // with its line break
			return pairs.String()
		}
	}
	return lines.String()
}

// reason says which login is used, and why.
func (l *loginList) reason() string {
	name := ""
	if i := slices.IndexFunc(l.Logins, func(s listedLogin) bool { return s.Used }); i >= 0 {
		name = cmp.Or(l.Logins[i].Org, noName)
	}
	switch l.Used {
	case usedEnvironment:
		if len(l.Logins) == 0 {
			return "the login in the environment (ZOHO_…); none is stored"
		}
		return "the login in the environment (ZOHO_…), which beats the stored ones"
	case usedDefault:
		return name + ", which delink auth use chose"
	case usedOnly:
		if len(l.Logins) == 1 {
			return name + ", the only one"
		}
		return name + ", the only one that fits --org and --dc"
	case usedNone:
	}
	return "none: " + l.Problem
}
