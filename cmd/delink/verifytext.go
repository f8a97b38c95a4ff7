package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/progress"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// verifyText gives the text about how a verification ended.
func verifyText(end *job.VerifyEnding) string {
	n := end.Numbers
	var b strings.Builder
	b.WriteString(whyEnded(n.Reason, n.ExitCode, n.Seconds, n.Calls) + "\n")
	rows := [][2]string{{"agree", progress.Number(n.Agree)}, {"disagree", progress.Number(n.Disagree)}}
	if n.Unknown > 0 {
		rows = append(rows, [2]string{"unknown", progress.Number(n.Unknown) + "  the CRM does not show whether they are linked"})
	}
	if n.ClaimsNothing > 0 {
		rows = append(rows, [2]string{"no claim", progress.Number(n.ClaimsNothing) + "  " + noClaim(n)})
	}
	if n.Pending > 0 {
		rows = append(rows, [2]string{"not asked", progress.Number(n.Pending)})
	}
	b.WriteString(table(rows))
	if s := n.Sample; s != nil && s.AtMost != nil {
		b.WriteString("\n  " + sampleText(n) + "\n")
	}
	b.WriteString(disagreeText(end) + causesText(end.Causes, hintForReading, ""))
	if n.Verify != nil {
		b.WriteString("\n" + table([][2]string{{"findings", *n.Verify}}))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// nextLookUps is how to go on with a verification.
func nextLookUps(n *report.Verification, again commandLine) nextStep {
	if n.Pending == 0 {
		return nextStep{}
	}
	return again.sameAgain("to go on with " + plural(n.Pending, "the link that was", "the "+progress.Number(n.Pending)+" links that were") + " not looked up" + onceReady(n.Reason))
}

// sampleText says what a sample shows of all links.
func sampleText(n *report.Verification) string {
	what := "all agree"
	switch {
	case n.Disagree > 0 && n.Unknown > 0:
		what = fmt.Sprintf("%s disagree, %s could not be looked up and count as if they did", progress.Number(n.Disagree), progress.Number(n.Unknown))
	case n.Disagree > 0:
		what = progress.Number(n.Disagree) + plural(n.Disagree, " disagrees", " disagree")
	case n.Unknown > 0:
		what = progress.Number(n.Unknown) + " could not be looked up and count as if they disagreed"
	case n.ClaimsNothing > 0:
		what = "none disagrees"
	}
	most := *n.Sample.AtMost
	return fmt.Sprintf("of %s %s were drawn and %s: with %.0f %% confidence at most %s %% (%s) disagree",
		counted(n.Links, "link", "links"), progress.Number(n.Sample.Drawn), what, 100*n.Sample.Confidence, percent(most, n.Links), counted(most, "link", "links"))
}

// percent gives a share with two digits that count. It is rounded up, since it is a bound.
func percent(part, whole int) string {
	if part == 0 {
		return "0"
	}
	x := 100 * float64(part) / float64(whole)
	step := math.Pow(10, math.Floor(math.Log10(x))-1)
	text := strconv.FormatFloat(math.Ceil(x/step-1e-9)*step, 'f', max(0, 1-int(math.Floor(math.Log10(x)))), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// noClaim says why statuses claim nothing.
func noClaim(n *report.Verification) string {
	if n.Undo != nil {
		return "undo could not link them, or nobody knows whether it did: look at the column linked"
	}
	return "pending or unknown, so their status says nothing: look at the column linked"
}

// disagreeText shows the first links that disagree, and says what to do about them.
func disagreeText(end *job.VerifyEnding) string {
	if len(end.Disagree) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n  links that disagree\n")
	linked, missing := false, false
	for _, v := range end.Disagree {
		is := "not linked"
		if v.Linked == outcome.Linked {
			is, linked = "linked", true
		} else {
			missing = true
		}
		l := v.Link
		fmt.Fprintf(&b, "    line %d: %s %s, %s %s is %s, and %s\n", v.Line, l.Relation.Module, l.Parent, l.Relation.List, l.Related, v.Status, is)
	}
	if more := end.Numbers.Disagree - len(end.Disagree); more > 0 {
		fmt.Fprintf(&b, "    … and %s more: those of which the column agrees says no\n", progress.Number(more))
	}
	if linked {
		b.WriteString("    hint: somebody has linked them again since, perhaps a workflow or an import; to remove them, give delink run a CSV of their rows\n")
	}
	if missing {
		b.WriteString("    hint: they were removed since then: by a person, or because a record was deleted\n")
	}
	return b.String()
}

// lookAtParent is what to do where the CRM does not accept a parent record or its list.
const lookAtParent = "look at the parent record in the CRM: one that is deleted has no links; one that this user may not see, or whose layout hides the list, may have some"

// readingHints are for calls that only read. They count more than hints.
var readingHints = map[string]string{
	"AUTHORIZATION_FAILED": "give the user's profile the permission to see the records of both modules, or log in as another user",
	"NO_PERMISSION":        "give the user's profile the permission to see the records of both modules, or log in as another user",
	"OAUTH_SCOPE_MISMATCH": "create a login with the scope ZohoCRM.modules.ALL, or the READ scopes of both modules",
	"RECORD_LOCKED":        "unlock it in the CRM, then verify again",
	"INVALID_DATA":         lookAtParent,
	"404":                  lookAtParent,
	zoho.CodeServerError:   "verify again later; Zoho's status page may say more",
	zoho.CodeUnproven:      "look at one of the parent records in the CRM with the user of this login: where the list is empty there, the links are gone; where it is not, this login may not see its records",
}

func hintForReading(code string) string {
	if hint, ok := readingHints[strings.ToUpper(code)]; ok {
		return hint
	}
	return hintForCode(code)
}
