package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"delink/pkg/outcome"
	"delink/pkg/zoho"
)

// batch is how many links a call can name.
const batch = zoho.MaxIDs

// calls measures the calls made over those that are needed: for each parent, its links by the
// hundred, rounded up.
func (b *bench) calls() error {
	const links, parents = 50_000, 700
	parent := uneven(parents)
	var sizes [parents]int
	for n := range links {
		sizes[parent(n)]++
	}
	need := 0
	for _, n := range sizes {
		need += (n + batch - 1) / batch
	}
	input, err := b.input("calls", links, parent)
	if err != nil {
		return err
	}
	j, err := b.delinks(input, 10)
	if err != nil {
		return err
	}
	made := j.books.Calls["delink"] + j.books.Calls["read"]
	row("calls made ÷ calls needed", float64(made)/float64(need), exactly(1, "%.3f"),
		"%d for %d links of %d parents; %d more for the org and its lists", made, links, parents, j.settings())
	return nil
}

// sides measures the calls that are made from the better side of the links, over those that the
// input as it is written needs: an export of leads with 1.3 campaigns each.
func (b *bench) sides() error {
	const leads, campaigns, links = 50_000, 300, 65_000
	input, err := b.inputOf("sides", "Leads", "Campaigns", links, func(n int) (parent, related uint64) {
		// Each lead has one campaign, and three in ten have a second one.
		lead, campaign := n%leads, int(mix(n%leads)%campaigns)
		if n >= leads {
			campaign = (campaign + 1 + int(mix(n)%(campaigns-1))) % campaigns
		}
		return relatedID(lead), parentID(campaign)
	})
	if err != nil {
		return err
	}
	j, err := b.delinks(input, 10)
	if err != nil {
		return err
	}
	made := j.books.Calls["delink"] + j.books.Calls["read"]
	row("calls from the better side ÷ calls as written", float64(made)/leads, atMost(0.03, "%.4f"),
		"%d for %d links of %d leads, and %d as written", made, links, leads, leads)
	return nil
}

// slots measures how much of the time the slots had a call in flight, beside a bare sender of the
// same calls: client and emulator share the processors, and no client could do better there.
func (b *bench) slots() error {
	const each = 2000
	for _, slots := range []int{5, 10, 25} {
		for _, latency := range []time.Duration{50 * time.Millisecond, 300 * time.Millisecond} {
			links := slots * int(b.seconds/latency) * batch
			input, err := b.input("slots", links, inOrder(each))
			if err != nil {
				return err
			}
			j, err := b.delinks(input, slots, "latency="+latency.String())
			if err != nil {
				return err
			}
			_, books, err := b.sends(links/2, each, slots, "latency="+latency.String())
			if err != nil {
				return err
			}
			// The calls for the settings come before the first batch, all at the same time.
			busy, took := j.books.Busy-time.Duration(j.settings())*latency, j.books.Last.Sub(j.books.First)-latency
			row(fmt.Sprintf("slots kept full: %d at %v", slots, latency), share(busy, slots, took), atLeast(0.97, "%.3f"),
				"bare sender %.3f; of the whole process's time %.3f; %d calls in %.1f s",
				share(books.Busy, slots, books.Last.Sub(books.First)), share(busy, slots, j.wall), j.books.Calls["delink"], took.Seconds())
			bare := share(books.Busy, slots, books.Last.Sub(books.First))
			row("    less than the bare sender", bare-share(busy, slots, took), atMost(0.01, "%.3f"), "")
			row("    most in flight", float64(j.books.Peak), atMost(float64(slots), "%.0f"), "")
		}
	}
	return nil
}

// share is the part of the slots' time that was busy.
func share(busy time.Duration, slots int, took time.Duration) float64 {
	return float64(busy) / (float64(slots) * float64(took))
}

// cpu measures what a million links in full batches cost the client, beside a bare sender of the
// same calls.
func (b *bench) cpu() error {
	const slots, each = 10, 2000
	input, err := b.input("cpu", b.links, inOrder(each))
	if err != nil {
		return err
	}
	var own, bare []float64
	millions := float64(b.links) / 1e6
	for range b.repeat {
		j, err := b.delinks(input, slots)
		if err != nil {
			return err
		}
		own = append(own, j.usage.cpu.Seconds()/millions)
		u, _, err := b.sends(b.links, each, slots)
		if err != nil {
			return err
		}
		bare = append(bare, u.cpu.Seconds()/millions)
	}
	row("CPU seconds a million links", median(own), atMost(6, "%.2f"), "user and system, of the client alone")
	row("    ÷ those of a bare net/http sender", median(own)/median(bare), noTarget("%.2f"), "%.2f s: the same calls and nothing else", median(bare))
	return b.record(median(own) * batch / 1e6)
}

// record measures what it costs to keep a record of the calls, at 100 calls a second: a faster run
// has more calls in a write. call is what a call costs in all, in CPU seconds.
func (b *bench) record(call float64) error {
	const calls = 1000
	var each []float64
	for range b.repeat {
		nothing, err := b.itself("bare-record", strconv.Itoa(calls), "")
		if err != nil {
			return err
		}
		all, err := b.itself("bare-record", strconv.Itoa(calls), filepath.Join(b.folder, "record"))
		if err != nil {
			return err
		}
		each = append(each, (all.cpu-nothing.cpu).Seconds()/calls)
	}
	row("    of that, for the record of calls, %", 100*median(each)/call, atMost(2, "%.2f"), "%.1f µs of %.0f µs a call", median(each)*1e6, call*1e6)
	return nil
}

// throttle measures how well a server is used that allows fewer calls in flight than the client was
// told.
func (b *bench) throttle() error {
	const allowed, told, latency = 4, 20, 100 * time.Millisecond
	calls := allowed * int(b.throttled/latency)
	input, err := b.input("throttle", calls*batch, inOrder(2000))
	if err != nil {
		return err
	}
	j, err := b.delinks(input, told, fmt.Sprint("in-flight=", allowed), "latency="+latency.String())
	if err != nil {
		return err
	}
	before := time.Duration(j.settings()) * latency
	busy, took := j.books.Busy-before, j.books.Last.Sub(j.books.First)-before
	sent := j.books.Calls["delink"] + j.books.Calls["read"]
	row(fmt.Sprintf("throttling: share used of %d in flight (told %d)", allowed, told), share(busy, allowed, took), atLeast(0.9, "%.3f"),
		"%d calls at %v in %.0f s", sent, latency, took.Seconds())
	row("    calls refused, %", 100*float64(j.books.Throttled)/float64(sent), atMost(3, "%.2f"), "%d", j.books.Throttled)
	return nil
}

// split measures what it costs to find the bad ids of a batch when the server refuses it and names
// none.
func (b *bench) split() error {
	const batches = 25
	for _, bad := range []int{1, 2, 5, 10} {
		var existing []int // numbers of the links that the CRM has
		for p := range batches {
			absent := map[int]bool{}
			for try := 0; len(absent) < bad; try++ {
				absent[int(mix(bad<<32|p<<16|try)%batch)] = true
			}
			for n := range batch {
				if !absent[n] {
					existing = append(existing, p*batch+n)
				}
			}
		}
		input, err := b.input("split", batches*batch, inOrder(batch))
		if err != nil {
			return err
		}
		links, err := b.inputOf("split-existing", "Campaigns", "Leads", len(existing), func(n int) (parent, related uint64) {
			return parentID(existing[n] / batch), relatedID(existing[n])
		})
		if err != nil {
			return err
		}
		c, err := b.emulateLinks(links, "strict=true")
		if err != nil {
			return err
		}
		j, err := b.delinksAgainst(c, input, 10)
		most := 0
		if err == nil {
			most, err = b.mostCalls(c)
		}
		c.stop()
		if err != nil {
			return err
		}
		delinks, reads := j.books.Calls["delink"], j.books.Calls["read"]
		each := float64(delinks+reads) / batches / float64(bad)
		row(fmt.Sprintf("splitting: calls a bad id, %d in a batch", bad), each, atMost(2*math.Log2(batch), "%.1f"),
			"%.1f calls and %.1f look-ups a batch, at most %d calls", float64(delinks)/batches, float64(reads)/batches, most)
	}
	return nil
}

// mostCalls is how many calls the list had that had the most.
func (b *bench) mostCalls(c *crm) (int, error) {
	resp, err := c.get(b.ctx, "lists")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	lists, err := csv.NewReader(resp.Body).ReadAll()
	if err != nil {
		return 0, err
	}
	most := 0
	for _, l := range lists[1:] {
		n, err := strconv.Atoi(l[3])
		if err != nil {
			return 0, err
		}
		most = max(most, n)
	}
	return most, nil
}

// large is the input of plan and run.
func (b *bench) large() (string, error) { return b.input("large", b.rows, shuffled(5000)) }

// plan measures reading and checking, beside a bare pass over the file.
func (b *bench) plan() error {
	input, err := b.large()
	if err != nil {
		return err
	}
	var wall, cpu, bareWall, bareCPU, rss []float64
	for range b.repeat {
		u, err := b.itself("bare-csv", input)
		if err != nil {
			return err
		}
		bareWall, bareCPU = append(bareWall, u.wall.Seconds()), append(bareCPU, u.cpu.Seconds())
		if _, u, err = b.process(nil, b.delink, "plan", input, "--json"); err != nil {
			return err
		}
		wall, cpu, rss = append(wall, u.wall.Seconds()), append(cpu, u.cpu.Seconds()), append(rss, float64(u.maxRSS))
	}
	millions := float64(b.rows) / 1e6
	row(fmt.Sprintf("plan of %g million rows: million rows a second", millions), millions/median(wall), atLeast(1, "%.2f"),
		"%.1f s", median(wall))
	row("    time ÷ that of bare encoding/csv", median(wall)/median(bareWall), atMost(1.8, "%.2f"), "%.1f s", median(bareWall))
	row("    CPU ÷ that of bare encoding/csv", median(cpu)/median(bareCPU), noTarget("%.2f"), "%.1f s, %.1f s", median(cpu), median(bareCPU))
	row("    bytes a row at the peak", median(rss)/float64(b.rows), atMost(32, "%.1f"), "%.0f MB", median(rss)/1e6)
	return nil
}

// questions measures how long the org is asked before the first delink, in times of an answer. The
// token is there already.
func (b *bench) questions() error {
	const latency = 500 * time.Millisecond
	input, err := b.input("questions", batch, inOrder(batch))
	if err != nil {
		return err
	}
	j, err := b.delinks(input, 10, "latency="+latency.String())
	if err != nil {
		return err
	}
	before := j.books.Last.Sub(j.books.First) - latency
	row("questions before the first delink, in answer times", before.Seconds()/latency.Seconds(), atMost(1.2, "%.2f"), "%d questions", j.settings())
	return nil
}

// resume measures what it takes to take up the results of a finished run, beside planning its
// input.
func (b *bench) resume() error {
	input, err := b.input("resume", b.links, inOrder(2000))
	if err != nil {
		return err
	}
	c, err := b.emulate()
	if err != nil {
		return err
	}
	_, _, err = b.process(c.env, b.delink, "run", input, "--yes", "--quiet", "--json")
	c.stop()
	if err != nil {
		return err
	}
	var wall, cpu []float64
	for range b.repeat {
		plan, err := b.planned(input, "--results", filepath.Join(b.folder, "none.csv"))
		if err != nil {
			return err
		}
		again, err := b.planned(input)
		if err != nil {
			return err
		}
		wall = append(wall, (again.wall-plan.wall).Seconds()/plan.wall.Seconds())
		cpu = append(cpu, (again.cpu-plan.cpu).Seconds()/plan.cpu.Seconds())
	}
	row("taking up a finished run ÷ planning its input: CPU", median(cpu), atMost(1, "%.2f"), "%g million rows", float64(b.links)/1e6)
	row("    time", median(wall), noTarget("%.2f"), "")
	return nil
}

// planned is what a plan uses that asks nobody.
func (b *bench) planned(input string, flags ...string) (usage, error) {
	_, u, err := b.process(nil, b.delink, append([]string{"plan", input, "--offline", "--json"}, flags...)...)
	return u, err
}

// stopped measures a large run that is stopped after its first call, beside planning its input. One
// row cannot be used, so that there is a failures file, for which the input is read again.
func (b *bench) stopped() error {
	input, err := b.large()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(input, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("Campaigns,x,Leads,1\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	c, err := b.emulate()
	if err != nil {
		return err
	}
	defer c.stop()
	var wall, cpu, rss []float64
	for range b.repeat {
		plan, err := b.planned(input, "--skip-invalid", "--results", filepath.Join(b.folder, "none.csv"))
		if err != nil {
			return err
		}
		_, run, err := b.process(c.env, b.delink, "run", input, "--yes", "--quiet", "--json", "--restart", "--skip-invalid", "--max-calls", "1")
		if ended := new(exec.ExitError); !errors.As(err, &ended) || ended.ExitCode() != outcome.ExitStopped {
			return fmt.Errorf("the run was not stopped: %w", err)
		}
		wall = append(wall, (run.wall-plan.wall).Seconds()/plan.wall.Seconds())
		cpu = append(cpu, (run.cpu-plan.cpu).Seconds()/plan.cpu.Seconds())
		rss = append(rss, float64(run.maxRSS))
	}
	millions := float64(b.rows) / 1e6
	row(fmt.Sprintf("files of a stopped run of %g million rows ÷ its plan: CPU", millions), median(cpu), atMost(1, "%.2f"), "")
	row("    time", median(wall), noTarget("%.2f"), "")
	row("    bytes a row at the peak", median(rss)/float64(b.rows), atMost(40, "%.1f"), "%.0f MB", median(rss)/1e6)
	return nil
}

// run measures a large run against a server that answers at once.
func (b *bench) run() error {
	input, err := b.large()
	if err != nil {
		return err
	}
	j, err := b.delinks(input, 10)
	if err != nil {
		return err
	}
	millions := float64(b.rows) / 1e6
	row(fmt.Sprintf("run of %g million rows: bytes a row at the peak", millions), float64(j.maxRSS)/float64(b.rows), atMost(100, "%.1f"),
		"%.0f MB", float64(j.maxRSS)/1e6)
	row("    CPU seconds a million links", j.usage.cpu.Seconds()/millions, noTarget("%.2f"), "the plan and %d calls", j.books.Calls["delink"])
	row("    thousand links a second", float64(j.Links)/1e3/j.wall.Seconds(), noTarget("%.0f"), "%.0f s, on the same processors as the emulator", j.wall.Seconds())
	return nil
}
