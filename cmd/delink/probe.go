package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/doctor"
	"delink/pkg/job"
	"delink/pkg/outcome"
	"delink/pkg/probe"
	"delink/pkg/zoho"
)

// probe takes the link of --probe through a removal and back.
func (x *examination) probe(findings *doctor.Findings) (*probe.Report, error) {
	if p := findings.Problem(x.f.target.Relation); p != nil {
		return nil, &job.Refusal{Cause: p.Error(), Hint: p.Hint()}
	}
	name, err := x.recordName()
	if err != nil {
		return nil, err
	}
	org, _ := findings.Org()
	plan := x.plan(org.ID, name)
	plan.Target, plan.Other = *x.f.target, findings.OtherToDelink(x.f.target.Relation)
	plan.Confirm = func(ctx context.Context, fields zoho.Fields) error {
		text := x.intent(org, plan, fields)
		if x.f.yes {
			x.ui.result("probe", text)
			return nil
		}
		question := "do this with the link? [y/N]"
		if x.ui.manner().quiet {
			question = text + "\n" + question
		} else {
			x.ui.result("probe", text)
		}
		if err := x.signals.take(nil); err != nil { // from here on a signal is an answer
			return err
		}
		return x.ask(ctx, question)
	}
	return probe.Run(x.signals.Stop(), x.signals.Hard(), plan)
}

// plan is what probes and restorations have in common.
func (x *examination) plan(orgID, record string) probe.Plan {
	return probe.Plan{
		CRM: x.crm(), Seen: x.seen, Limits: x.limits(), OrgID: orgID, Disk: x.disk, Record: record,
		Tell: func(step string) { x.ui.say("  %s…", step) },
		Opening: func() error {
			return x.signals.take(func(what string) {
				x.ui.note(what + ": putting the link back before delink ends; a second signal leaves at once, and perhaps without the link")
			})
		},
	}
}

// restore is doctor --restore.
func (x *examination) restore() error {
	if err := errors.Join(x.broken, x.proxied); err != nil {
		return err
	}
	record, err := probe.ReadRecord(x.disk, x.f.restore)
	if err != nil {
		return usageError{err, "give the file delink-probe-….json that a probe has left"}
	}
	ctx := x.signals.Stop()
	org, err := whoAmI(ctx, x.client)
	if err != nil && zoho.AsError(err).Scope == zoho.ScopeRun {
		return err
	}
	plan := x.plan(org.ID, x.f.restore)
	if err := plan.Opening(); err != nil {
		return err
	}
	report, err := probe.Restore(ctx, x.signals.Hard(), plan, record)
	if err != nil {
		return err
	}
	if !report.Restored {
		x.tellNotRestored(report)
		return ended{x.probeExit(report)}
	}
	x.ui.result("restored", fmt.Sprintf("the link of %s is as it was before the probe", report.Target), "link", report.Target.String())
	return nil
}

// recordName is a new name for the file of a probe, in the working folder.
func (x *examination) recordName() (string, error) {
	name := probe.RecordName(time.Now())
	there, err := x.disk.Exists(name)
	if err == nil && there {
		_, err = disk.PutAside(x.disk, name, time.Now())
	}
	return name, err
}

// endProbe shows what a probe has found, and how it left the link.
func (x *examination) endProbe(v *doctorView, findings *doctor.Findings, r *probe.Report) error {
	org, _ := findings.Org()
	v.Probe = x.probeView(org, r)
	if code := x.probeExit(r); code != outcome.ExitDone {
		v.exit(code)
	}
	var err error
	if x.f.json {
		err = x.print(v)
	} else {
		_, err = io.WriteString(x.stdout, printableText(v.Probe.text(x.stdoutWidth())))
	}
	if !r.Restored {
		x.tellNotRestored(r)
	}
	switch {
	case err != nil:
		return err
	case v.ExitCode == outcome.ExitDone:
		return nil
	}
	return ended{v.ExitCode}
}

// probeExit is the exit code of a probe.
func (x *examination) probeExit(r *probe.Report) int {
	switch {
	case x.signals.Hard().Err() != nil:
		return outcome.ExitInterrupted
	case !r.Restored:
		return outcome.ExitBroken
	case probe.IsInterrupted(r.Err):
		return outcome.ExitStopped
	case r.Err != nil, r.Blocked != "":
		return outcome.ExitFailures
	}
	return outcome.ExitDone
}

// tellNotRestored says that a link is not as it was, and how to put it back.
func (x *examination) tellNotRestored(r *probe.Report) {
	t := r.Target
	if r.Deleted {
		x.ui.error(fmt.Sprintf("THE CRM SAYS THAT IT DELETED A RECORD when the link of %s %s to %s was removed; nothing more was sent", t.Relation.Module, t.Parent, t.Related),
			fmt.Sprintf("look for the record %s in the CRM's recycle bin and restore it, and never use delink with %s; what the link was is in %s", t.Related, t.Relation, r.Record))
		return
	}
	x.ui.error(fmt.Sprintf("THE LINK IS NOT AS IT WAS: %s %s to %s in the list %s; %s", t.Relation.Module, t.Parent, t.Related, t.Relation.List, strings.Join(r.Missing, "; ")),
		fmt.Sprintf("run delink doctor --restore %s, or link the two records in the CRM; the link's own fields were: %s", shellQuote(r.Record), linkFieldsText(r.Fields)))
}
