package simulation

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"
)

// journal is what a journal says, read by other code than delink's.
type journal struct {
	there bool
	all   bool
	begin int64 // -1: no row counts
	size  int64
	links map[link]bool
}

func (w *world) journalName() string {
	kind := "journal"
	if strings.HasSuffix(w.results, ".undo.csv") {
		kind = "undo-journal"
	}
	return filepath.Join(w.folder, "."+filepath.Base(w.results)+".delink-"+kind)
}

func (w *world) readJournal() journal {
	j := journal{begin: -1, links: map[link]bool{}}
	data, there := w.disk.content(w.journalName())
	j.there = there
	for line := range strings.Lines(string(data)) {
		text, whole := strings.CutSuffix(line, "\n")
		sum, text, ok := strings.Cut(text, " ")
		if !whole || !ok || sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) {
			continue
		}
		words := strings.Split(text, " ")
		switch words[0] {
		case "begin":
			j.begin, _ = strconv.ParseInt(words[1], 10, 64)
		case "size":
			n, _ := strconv.ParseInt(words[1], 10, 64)
			j.size = max(j.size, n)
		case "all":
			j.all = true
		case "links":
			for _, id := range strings.Split(words[5], ",") {
				j.links[link{words[2], words[3], words[4], id}] = true
			}
		case "turned":
			module, list, _ := strings.Cut(words[6], ".")
			for _, id := range strings.Split(words[5], ",") {
				j.links[link{module, id, list, words[3]}] = true
			}
		}
	}
	return j
}

// inDoubt are the links in the journal that have no later outcome in the results, and whether all
// links without a row are in doubt.
func (w *world) inDoubt() (links map[link]bool, all bool) {
	j := w.readJournal()
	data, _ := w.disk.content(w.results)
	data = data[:bytes.LastIndexByte(data, '\n')+1]
	if j.begin >= 0 && j.begin < int64(len(data)) {
		in := csv.NewReader(bytes.NewReader(data[j.begin:]))
		in.FieldsPerRecord = -1
		rows, err := in.ReadAll()
		if err != nil {
			w.fault("ledger", "the results cannot be read from byte %d on: %v", j.begin, err)
		}
		for _, r := range rows {
			if len(r) > 5 && r[5] != "invalid" && r[5] != "duplicate" {
				delete(j.links, link{r[1], r[2], r[3], r[4]})
			}
		}
	}
	return j.links, j.all || j.there && int64(len(data)) < j.size
}

// checkDoubt holds what a dead life left in doubt against what it did: all that it sent without an
// outcome, and no more than what was in flight, half done or about to be sent.
//
// A life that came to its end knows which calls were refused as a whole: their links were not
// removed, and are not in doubt.
func (l *life) checkDoubt(killed bool, before map[link]bool, after map[link]string) {
	w := l.world
	doubt, all := w.inDoubt()
	if all {
		return
	}
	ended := !killed || w.readJournal().begin < 0 // or had come to its last steps
	for k := range l.begun {
		if ended && w.emulator.State(k.module, number(k.parent), k.list, number(k.related)).Removed.Before(l.began) {
			continue
		}
		if (l.rows[k] == "" || after[k] != l.rows[k]) && !doubt[k] && !w.gone {
			w.fault("doubt", "life %d: %v was sent, has no outcome, and is not in doubt", l.number, k)
		}
	}
	n := 0
	for k := range doubt {
		w.doubtedOnce[k] = true
		if !before[k] {
			n++
		}
	}
	// A life that begins anew takes over what its older files call unknown.
	//
	// In flight or half done; ahead; and written but not synced, if the power goes out.
	most := (2*l.options.slots + max(l.options.slots, 4)) * l.options.batch
	w.widest = max(w.widest, l.options.slots*l.options.batch)
	if l.options.power { // what earlier lives have written but not synced is lost, too
		most += 3 * w.widest
	}
	// A life that had come to its end leaves a journal of what is unknown.
	if n > most && !w.gone && !l.anew && w.readJournal().begin >= 0 {
		w.fault("doubt", "life %d: %d links are in doubt, with %d slots and batches of %d", l.number, n, l.options.slots, l.options.batch)
	}
}
