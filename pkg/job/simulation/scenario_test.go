package simulation

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"delink/pkg/job"
	"delink/pkg/zoho/emulator"
	"delink/pkg/zoho/emulator/wire"
)

// link is one link, by its cells.
type link struct{ module, parent, list, related string }

// row is one row of the input.
type row struct {
	raw     string // without its line end
	line    int
	link    link
	invalid bool
	repeats int // the line that has the link first; 0 for the first itself
}

// world is what a seed stands for, and what is known of it as it goes on.
type world struct {
	seed     uint64
	rng      *rand.Rand
	emulator *emulator.Emulator
	disk     *drive
	wire     *wire.Wire
	began    time.Time

	header, lineEnd, bom string
	style                style
	drawn                []link // all links that were ever in the input
	others               string // ids of another module
	rows                 []row
	bytes                []byte
	folder, input        string
	results              string
	failures             string
	summary              string
	links                []link // in order of appearance
	inInput              map[link]bool
	existed              map[link]bool // before the first life

	syncTime time.Duration // of the disk, at most
	batch    int
	widest   int         // most ids in flight in a life
	refresh  bool        // tokens are made, not ready
	change   int         // the input changes before this life; 0 for none
	changed  job.Changed // what the lives from then on are told about that
	ask      bool        // the org is asked
	healthy  bool        // the CRM has no odd sides
	denied   bool        // some calls lack a scope
	turned   bool        // links may be removed from their other side
	lives    []options
	count    int

	// Guarded by the disk's lock.
	sent    map[link]int
	linked  map[link]int  // calls that were to make it
	doubted map[link]bool // some call for it was not answered by id
	lost    map[link]bool // what is known of it may have been lost in a crash
	// it was settled in good order, in files that are gone or put aside since
	forgot         map[link]bool
	settledInOrder map[link]bool // it was settled when a life ended in good order
	doubtedOnce    map[link]bool // a life that was killed left it in doubt
	gone           bool          // somebody removed the results

	mu     sync.Mutex
	log    []string
	faults []fault
}

type fault struct{ kind, text string }

func (w *world) fault(kind, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fault{kind, fmt.Sprintf(format, args...)})
	w.log = append(w.log, "*** "+kind+": "+fmt.Sprintf(format, args...))
}

func (w *world) logf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := strings.NewReplacer(w.folder+"/", "", filepath.Base(w.folder), "the folder").Replace(fmt.Sprintf(format, args...))
	w.log = append(w.log, fmt.Sprintf("%14v  %s", time.Since(w.began), text))
}

// resultsGone forgets what was only in the results. The disk is locked.
func (w *world) resultsGone() {
	w.gone = true
	w.forget()
}

// forget notes that the results are not where the next life looks for them. The disk is locked, or
// no life goes on.
func (w *world) forget() {
	for k := range w.sent {
		w.lost[k] = true
		w.forgot[k] = w.forgot[k] || w.settledInOrder[k]
	}
}

// options are what one life is told, and what befalls it.
type options struct {
	config                                        job.Config
	slots, batch, attempts, maxCalls, maxFailures int
	reserve                                       int
	rate                                          float64
	deadline, signal, second, timeout             time.Duration
	ask                                           bool

	killDisk, killNet int // dies in that call
	killRename        int // dies in that change of a file's name
	killAfter         time.Duration
	power             bool   // and the power goes out
	undo, gone        bool   // it undoes, also what is gone
	badDisk           string // full, sync, rename, write, read-only, gone
	badFrom           int
	badForever        bool
	badFromTodo       bool
}

func (o *options) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "slots %d, batch %d, attempts %d", o.slots, o.batch, o.attempts)
	say := func(is bool, format string, args ...any) {
		if is {
			fmt.Fprintf(&b, ", "+format, args...)
		}
	}
	say(o.rate > 0, "rate %v", o.rate)
	say(o.maxCalls > 0, "max calls %d", o.maxCalls)
	say(o.maxFailures >= 0, "max failures %d", o.maxFailures)
	say(o.reserve > 0, "reserve %d", o.reserve)
	say(o.deadline > 0, "deadline %v", o.deadline)
	say(o.signal > 0, "signal after %v", o.signal)
	say(o.second > 0, "another %v later", o.second)
	say(o.config.RetryFailed, "retry failed")
	say(o.config.FailAbsent, "fail absent")
	say(o.config.Restart, "restart")
	say(o.config.Snapshot, "snapshot")
	say(o.config.FewestCalls != "", "fewest calls %s", o.config.FewestCalls)
	say(o.killRename > 0, "killed in rename %d", o.killRename)
	say(o.killDisk > 0, "killed in disk call %d", o.killDisk)
	say(o.killNet > 0, "killed in net call %d", o.killNet)
	say(o.killAfter > 0, "killed after %v", o.killAfter)
	say(o.power, "with the power")
	say(o.badDisk != "", "bad disk: %s from call %d (%v)", o.badDisk, o.badFrom, o.badForever)
	return b.String()
}

// dice are a rng with the words that a scenario needs.
type dice struct{ *rand.Rand }

func (d dice) chance(p float64) bool { return d.Float64() < p }

func (d dice) between(from, to int) int { return from + d.IntN(to-from+1) }

// upTo draws from 1 to n, small ones as often as large ones.
func (d dice) upTo(n int) int { return int(math.Exp(d.Float64() * math.Log(float64(n)+0.999))) }

func (d dice) duration(from, to time.Duration) time.Duration {
	return time.Duration(math.Exp(math.Log(float64(from)) + d.Float64()*math.Log(float64(to)/float64(from))))
}

func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

var relations = [][2]string{{"Campaigns", "Leads"}, {"Campaigns", "Contacts"}, {"Products", "Deals"}, {"Leads", "Campaigns"}, {"Price_Books", "Products"}}

const (
	firstParent  = 3652397000000100001 // four zeros at the end look like the work of a spreadsheet
	firstRelated = 3652397000000500001
)

// newWorld makes what a seed stands for.
func newWorld(seed uint64, folder string) *world { return makeWorld(seed, folder, false) }

// makeWorld makes a world. fields says that its input has columns with the links' own fields.
func makeWorld(seed uint64, folder string, fields bool) *world {
	rng := rand.New(rand.NewPCG(seed, 20261124))
	d := dice{rng}
	w := &world{
		seed: seed, rng: rng, disk: newDrive(),
		folder: folder, input: folder + "/links.csv", results: folder + "/links.results.csv", failures: folder + "/links.failures.csv", summary: folder + "/links.summary.json",
		inInput: map[link]bool{}, existed: map[link]bool{}, sent: map[link]int{}, linked: map[link]int{}, doubted: map[link]bool{}, lost: map[link]bool{}, forgot: map[link]bool{}, settledInOrder: map[link]bool{}, doubtedOnce: map[link]bool{},
		began: time.Now(),
	}
	sides := dice{rand.New(rand.NewPCG(seed, 20261130))}
	w.turned = sides.chance(0.4)
	rows := d.upTo(2000)
	strict := d.chance(0.12)
	if strict {
		rows = min(rows, 200)
	}
	w.batch = pick(d, 100, 100, 100, d.between(1, 100), d.upTo(20))
	w.batch = max(w.batch, min(100, rows/100))
	w.writeInput(d, rows, fields)
	w.syncTime = pick(d, 20*time.Millisecond, 20*time.Millisecond, time.Second)
	w.healthy = d.chance(0.15)
	w.makeCRM(d, strict)
	if w.turned {
		w.makeOtherSide(sides)
	}
	for range d.IntN(6) {
		w.lives = append(w.lives, w.newLife(d))
	}
	if d.chance(0.1) { // a kill leaves rows that no sync covers, and the next life relies on them
		killed, dark := w.healthyLife(), w.healthyLife()
		calls := len(w.links)/w.batch + 2
		killed.slots, dark.slots = d.upTo(25), d.upTo(25)
		killed.killNet, dark.killNet, dark.power = d.upTo(3*calls), d.between(1, 2*dark.slots+8), true
		w.lives = append(w.lives, killed, dark)
	}
	if w.turned {
		for i := range w.lives {
			w.lives[i].config.FewestCalls = pick(sides, job.FewestAlways, job.FewestAlways, job.FewestAuto, job.FewestNever)
		}
	}
	keeps := dice{rand.New(rand.NewPCG(seed, 20261129))}
	if keeps.chance(0.5) {
		for i := range w.lives {
			w.lives[i].config.Snapshot = keeps.chance(0.8)
		}
	}
	if d.chance(0.25) {
		w.change = d.between(2, len(w.lives)+2)
		w.changed = pick(d, job.ChangedResume, job.ChangedResume, job.ChangedRestart)
	}
	return w
}

// style is how an input is written, and what is in it.
type style struct {
	parents                      int
	kinds                        [][2]string
	duplicates, invalid, present float64
	extra                        bool
	fields                       bool // columns with the links' own
	related                      int  // ids are drawn from so many
}

// writeInput makes rows, and the links that exist.
func (w *world) writeInput(d dice, n int, fields bool) {
	w.style = style{
		parents:    d.upTo(min(80, n)),
		kinds:      relations[:d.between(1, len(relations))],
		duplicates: pick(d, 0, 0, 0.02, 0.3),
		invalid:    pick(d, 0, 0, 0, 0.03, 0.2),
		present:    pick(d, 1, 0.9, 0.5, 0.05),
		extra:      d.chance(0.3),
		related:    3 * n,
		fields:     fields,
	}
	if w.turned {
		w.turnStyle(n)
	}
	w.lineEnd = pick(d, "\n", "\n", "\r\n")
	w.bom = pick(d, "", "", "\ufeff")
	w.header = "module,parent_id,relation,related_id"
	if w.style.extra {
		w.header = "name," + w.header + ",note"
	}
	if fields {
		w.header += ",link.Member_Status,link.list_price"
	}
	var rows []row
	for i := range n {
		rows = append(rows, w.drawRow(d, i == 0))
	}
	w.setRows(d, rows)
}

// drawRow makes a row; setRows finds out whether it repeats another.
func (w *world) drawRow(d dice, first bool) (r row) {
	s := &w.style
	if !first && d.chance(s.duplicates) && len(w.drawn) > 0 {
		r.link = w.drawn[d.IntN(len(w.drawn))]
	} else {
		parent := d.IntN(s.parents)
		kind := s.kinds[parent%len(s.kinds)]
		if d.chance(0.1) {
			kind = s.kinds[d.IntN(len(s.kinds))]
		}
		r.link = link{kind[0], fmt.Sprint(firstParent + parent), kind[1], fmt.Sprint(firstRelated + d.IntN(s.related))}
	}
	k := r.link
	tooMany := false
	if !first && d.chance(s.invalid) {
		r.invalid = true
		tooMany = d.chance(0.2)
		switch d.IntN(3) {
		case 0:
			k.related = "3.6524E+18"
		case 1:
			k.parent = ""
		case 2:
			k.list = ""
		}
	} else if _, known := w.existed[k]; !known {
		w.drawn = append(w.drawn, k)
		w.existed[k] = d.chance(s.present)
	}
	if d.chance(0.05) {
		k.related = "zcrm_" + k.related
	}
	cells := []string{k.module, k.parent, k.list, k.related}
	if s.extra {
		note := pick(d, "", "plain", `"quoted, with ""quotes"""`, `"two`+w.lineEnd+`lines"`, "=1+1", "日本")
		cells = append(append([]string{pick(d, "Ann", "Bob", `"O, P"`)}, cells...), note)
	}
	if s.fields {
		cells = append(cells, "Sent", "12.50")
	}
	r.raw = strings.Join(cells, ",")
	if tooMany {
		r.raw += ",one,too,many"
	}
	return r
}

// setRows makes an input of rows.
func (w *world) setRows(d dice, rows []row) {
	w.rows, w.links, w.inInput = rows, nil, map[link]bool{}
	line := 2
	seen := map[link]int{}
	var b strings.Builder
	b.WriteString(w.bom + w.header + w.lineEnd)
	for i := range rows {
		r := &rows[i]
		r.line, r.repeats = line, 0
		line += 1 + strings.Count(r.raw, "\n")
		if !r.invalid {
			if r.repeats = seen[r.link]; r.repeats == 0 {
				seen[r.link] = r.line
				w.links = append(w.links, r.link)
				w.inInput[r.link] = true
			}
		}
		b.WriteString(r.raw)
		if i < len(rows)-1 || d.chance(0.8) {
			b.WriteString(w.lineEnd)
		}
	}
	w.bytes = []byte(b.String())
}

// changeInput takes rows away, adds some, and may put them in another order.
func (w *world) changeInput(d dice) {
	rows := slices.Clone(w.rows)
	if share := pick(d, 0, 0.1, 0.6); share > 0 {
		rows = slices.DeleteFunc(rows, func(row) bool { return d.chance(share) })
	}
	known := len(w.drawn)
	for range d.IntN(len(w.rows)/2 + 3) {
		rows = append(rows, w.drawRow(d, false))
	}
	rows = append(rows, w.drawRow(d, true)) // so that it has a row, and is another
	if d.chance(0.3) {
		d.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	w.setRows(d, rows)
	w.fillCRM(w.drawn[known:])
	w.logf("the input changes: %d rows, %d links", len(w.rows), len(w.links))
	if err := os.WriteFile(filepath.Clean(w.input), w.bytes, 0o600); err != nil {
		w.fault("harness", "%v", err)
	}
}

// fillCRM puts links in the emulator's books.
func (w *world) fillCRM(links []link) {
	for _, k := range links {
		if strings.Contains(w.others, k.related) {
			w.existed[k] = false // what is no lead is linked as none
		}
		if w.existed[k] {
			w.emulator.Link(k.module, number(k.parent), k.list, number(k.related))
			own := map[string]any{"Member_Status": k.related}
			if k.module == "Price_Books" { // with a snapshot, such a link is not removed without its price
				own["list_price"] = 12.5
			}
			if number(k.related)%50 == 0 { // a field that few links have
				own["Note"] = "=1+1"
			}
			w.emulator.SetFields(k.module, number(k.parent), k.list, number(k.related), own)
		} else {
			w.emulator.Unlink(k.module, number(k.parent), k.list, number(k.related))
		}
	}
}

// makeCRM sets the knobs and puts the links in.
func (w *world) makeCRM(d dice, strict bool) {
	cfg := emulator.Default()
	cfg.Seed = w.seed
	w.ask = d.chance(0.5)
	var set []string
	knob := func(chance float64, name string, values ...any) bool {
		if w.healthy || !d.chance(chance) {
			return false
		}
		set = append(set, fmt.Sprintf("%s=%v", name, values[d.IntN(len(values))]))
		return true
	}
	if w.healthy {
		set = append(set, "in-flight=none")
	}
	set = append(set, fmt.Sprintf("latency=%v", pick(d, "0s", "30ms..120ms", "100ms..600ms", "50ms..4s")), "work="+pick(d, "start", "end"))
	some := func(share float64, ids func(link) string) string {
		chosen := map[string]bool{}
		for _, k := range w.links {
			if d.chance(share) {
				chosen[ids(k)] = true
			}
		}
		return strings.Join(sortedKeys(chosen), ",")
	}
	related := func(k link) string { return k.related }
	parent := func(k link) string { return k.parent }
	with := func(ids, code string) string {
		if ids == "" {
			return ""
		}
		return strings.ReplaceAll(ids, ",", ":"+code+",") + ":" + code
	}
	knob(0.3, "order", "shuffled", "reversed", "sorted")
	knob(0.15, "missing-items", 0.02, 0.2, 0.7)
	// An item for an id that nobody asked for, without that id, cannot be told from one that is
	// missing.
	extra := knob(0.1, "extra-items", 0.1, 0.5)
	if !extra {
		knob(0.15, "no-details", "errors", "always", "random")
		knob(0.07, "details-form", "empty-array")
	}
	knob(0.4, "all-bad", 207, 200)
	knob(0.2, "mixed", 200)
	knob(0.3, "absent-code", "MANDATORY_NOT_FOUND")
	if strict {
		knob(1, "strict", true)
	}
	knob(0.07, "details-form", "array")
	numbers := knob(0.07, "code-form", "number", "number-envelope")
	knob(0.15, "id-form", "number")
	knob(0.2, "wording", "upper", "varied")
	knob(0.2, "decor", "bom", "space", "both")
	knob(0.25, "in-flight", 1, 2, 3, 5)
	knob(0.3, "throttle-code", "LIMIT_REACHED", "RATE_LIMIT_EXCEEDED")
	knob(0.3, "throttle-body", "number", "html", "empty")
	knob(0.1, "credits", 3, 20, 100)
	knob(0.3, "credits-answer", "header", "plain")
	knob(0.3, "credits-header", "never", "always")
	knob(0.2, "retry-after", "seconds", "date", "nonsense")
	knob(0.1, "missing", some(0.02, parent))
	knob(0.5, "missing-parent", 404)
	knob(0.2, "id-errors", with(some(pick(d, 0.02, 0.3), related), pick(d, "RECORD_LOCKED", "NO_PERMISSION", "NOT_APPROVED", "DUPLICATE_DATA")))
	knob(0.07, "parent-errors", with(some(0.02, parent), pick(d, "RECORD_LOCKED", "INVALID_DATA")))
	if others := some(0.02, related); knob(0.1, "other-module", others) {
		w.others = others
	}
	knob(0.7, "other-module-answer", "item", "call")
	knob(0.1, "converted", some(0.2, related))
	knob(0.1, "unapproved", some(0.2, related))
	if !w.ask {
		list := pick(d, relations[0], relations[1], relations[2])
		name := list[0] + "." + list[1]
		knob(0.06, "hidden-lists", name)
		if knob(0.06, "list-errors", name+":"+pick(d, "INVALID_DATA", "NO_PERMISSION", "NOT_SUPPORTED", "AUTHORIZATION_FAILED")) {
			w.denied = true
		}
	}
	if !w.healthy && d.chance(0.1) { // what may be delinked cannot be read
		scopes := "ZohoCRM.org.READ,ZohoCRM.settings.related_lists.READ"
		for _, r := range relations {
			if d.chance(0.1) {
				w.denied = true
				continue
			}
			scopes += ",ZohoCRM.modules." + strings.ToLower(r[0]) + ".DELETE"
		}
		set = append(set, "scopes="+scopes, "scope-status=403")
		if !numbers && d.chance(0.5) { // a 401 without a code is a bad token
			set = append(set, "scope-status=401")
		}
	}
	w.refresh = d.chance(0.4)
	if w.refresh {
		knob(0.3, "token-life", "2m", "10m")
		knob(0.2, "token-calls", 3, 20)
		knob(0.3, "expires-in-ms", true)
		knob(0.3, "denied-status", 200)
		knob(0.3, "token-code", "INVALID_OAUTHTOKEN", "AUTHENTICATION_FAILURE")
	}
	if !w.healthy && d.chance(0.6) {
		names := strings.Fields("drop drop-after reset reset-after torn 500 500-after 502 503-after html html-after empty empty-after " +
			"foreign foreign-after hang hang-after 429 LIMIT_EXCEEDED RECORD_LOCKED")
		if w.refresh {
			names = append(names, "invalid-token")
		}
		share := pick(d, 0.01, 0.05, 0.2, 0.5)
		var mix []string
		for range d.between(1, 5) {
			mix = append(mix, fmt.Sprintf("%s:%.4f", names[d.IntN(len(names))], share/5))
		}
		set = append(set, "faults="+strings.Join(mix, ","), "faults-on="+pick(d, "delink", "delink", "delink,read", "all"))
		if d.chance(0.15) { // it is down for a while
			from := d.upTo(50)
			set = append(set, fmt.Sprintf("fault-script=%d-%d:%s", from, from+d.upTo(60), names[d.IntN(len(names))]))
		}
	}
	knob(0.04, "read-answer", "nothing")
	set = slices.DeleteFunc(set, func(s string) bool { return strings.HasSuffix(s, "=") })
	w.logf("CRM: %s", strings.Join(set, " "))
	if err := cfg.SetAll(set...); err != nil {
		w.fault("harness", "%v", err)
	}
	w.emulator = emulator.New(cfg)
	w.fillCRM(w.links)
	w.logf("input: %d rows, %d links", len(w.rows), len(w.links))
}

func number(id string) uint64 {
	n, _ := strconv.ParseUint(id, 10, 64) // it is one of ours
	return n
}

// healthyLife is one that nothing befalls.
func (w *world) healthyLife() options {
	fewest := job.FewestNever
	if w.turned {
		fewest = job.FewestAlways
	}
	return options{
		config: job.Config{Input: w.input, BatchSize: w.batch, SkipInvalid: true, FewestCalls: fewest},
		slots:  10, batch: w.batch, attempts: 5, maxFailures: -1, timeout: time.Minute, ask: w.ask,
	}
}

// newLife draws what one life is told and what befalls it.
func (w *world) newLife(d dice) options {
	o := w.healthyLife()
	o.slots = d.upTo(25)
	o.attempts = d.between(1, 6)
	o.config.RetryFailed = d.chance(0.2)
	o.config.FailAbsent = d.chance(0.1)
	o.config.Restart = d.chance(0.06)
	o.timeout = pick(d, 5*time.Second, time.Minute)
	calls := len(w.links)/w.batch + 2
	about := time.Duration(calls/o.slots+1) * 300 * time.Millisecond
	if d.chance(0.2) {
		o.rate = pick(d, 0.5, 5.0, 50.0)
		about = max(about, time.Duration(float64(calls)/o.rate*float64(time.Second)))
	}
	if d.chance(0.15) {
		o.maxCalls = d.upTo(2 * calls)
	}
	if d.chance(0.1) {
		o.maxFailures = d.IntN(20)
	}
	if d.chance(0.1) {
		o.reserve = d.upTo(60)
	}
	if d.chance(0.15) {
		o.deadline = d.duration(time.Millisecond, 2*about)
	}
	if d.chance(0.2) {
		o.signal = d.duration(time.Millisecond, 2*about)
		if d.chance(0.4) {
			o.second = d.duration(time.Millisecond, time.Second)
		}
	}
	switch d.IntN(11) {
	case 10:
		o.killRename = d.upTo(8)
	case 0, 1:
		o.killDisk = d.upTo(4*calls + 30)
	case 2, 3:
		o.killNet = d.upTo(3 * calls)
	case 4:
		o.killAfter = d.duration(time.Millisecond, 2*about)
	case 5, 6:
		o.badDisk = pick(d, "full", "full", "sync", "rename", "write", "read-only", "gone")
		o.badFrom = d.upTo(3*calls + 30)
		o.badForever = d.chance(0.7)
		o.badFromTodo = d.chance(0.7)
	}
	o.power = o.killDisk+o.killNet+o.killRename+int(o.killAfter) > 0 && d.chance(0.4)
	return o
}
