package emulator

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// adminPath is where the books can be seen from another process:
//
//	GET  /_emulator/books   Books, as JSON
//	GET  /_emulator/links   module,parent_id,relation,related_id,linked,sent as CSV
//	POST /_emulator/links   loads a CSV with the first four of these columns
//	GET  /_emulator/lists   module,parent_id,relation,calls,linked as CSV
//	GET  /_emulator/knobs   the knobs, as JSON
//	POST /_emulator/knobs   sets knobs, from a form
//
// These are no calls of the API: they need no token and are in no book.
const adminPath = "/_emulator/"

var linkColumns = []string{"module", "parent_id", "relation", "related_id"}

func (e *Emulator) serveAdmin(w http.ResponseWriter, r *http.Request) {
	var err error
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, adminPath) {
	case "GET books":
		err = writeJSON(w, e.Books())
	case "GET links":
		err = e.writeLinks(w)
	case "POST links":
		var n int
		if n, err = e.Load(r.Body); err == nil {
			_, err = fmt.Fprintf(w, "%d links\n", n)
		}
	case "GET lists":
		err = e.writeLists(w)
	case "GET knobs":
		err = writeJSON(w, Knobs())
	case "POST knobs":
		err = e.setKnobs(r)
	default:
		http.Error(w, "there is no "+r.Method+" "+r.URL.Path+" (there are: books, links, lists, knobs)", http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// setKnobs sets all knobs of a form, or none.
func (e *Emulator) setKnobs(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	check := e.Config()
	for name, values := range r.PostForm {
		for _, value := range values {
			if err := check.Set(name, value); err != nil {
				return err
			}
		}
	}
	e.Update(func(c *Config) {
		for name, values := range r.PostForm {
			for _, value := range values {
				// Checked above.
				_ = c.Set(name, value)
			}
		}
	})
	return nil
}

// Load puts the links of a CSV into the books. Its header names the columns
// module, parent_id, relation and related_id, in any order, among others. It
// returns how many rows were loaded; a row that is wrong ends the loading.
func (e *Emulator) Load(r io.Reader) (int, error) {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return 0, fmt.Errorf("links lack a header: %w", err)
	}
	var at [4]int
	for i, name := range linkColumns {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return 0, fmt.Errorf("links lack the column %s (the header needs %s)", name, strings.Join(linkColumns, ","))
		}
	}
	// Rows of one list tend to come together: they are put in together.
	var module, list string
	var parent uint64
	var related []uint64
	flush := func() {
		if len(related) > 0 {
			e.Link(module, parent, list, related...)
			related = related[:0]
		}
	}
	defer flush()
	for n := 0; ; n++ {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, err
		}
		line, _ := rows.FieldPos(0)
		if !isName(row[at[0]]) || !isName(row[at[2]]) {
			return n, fmt.Errorf("line %d: %q or %q is not an API name", line, row[at[0]], row[at[2]])
		}
		p, err := parseID(row[at[1]])
		if err != nil {
			return n, fmt.Errorf("line %d: %w", line, err)
		}
		id, err := parseID(row[at[3]])
		if err != nil {
			return n, fmt.Errorf("line %d: %w", line, err)
		}
		if row[at[0]] != module || row[at[2]] != list || p != parent {
			flush()
			module, list, parent = strings.Clone(row[at[0]]), strings.Clone(row[at[2]]), p
		}
		related = append(related, id)
	}
}

func (e *Emulator) writeLinks(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/csv")
	out := csv.NewWriter(w)
	if err := out.Write(append(slices.Clone(linkColumns), "linked", "sent")); err != nil {
		return err
	}
	for s := range e.States() {
		err := out.Write([]string{
			s.Module, strconv.FormatUint(s.Parent, 10), s.List, strconv.FormatUint(s.Related, 10),
			strconv.FormatBool(s.Linked), strconv.Itoa(s.Sent),
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (e *Emulator) writeLists(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/csv")
	out := csv.NewWriter(w)
	if err := out.Write([]string{"module", "parent_id", "relation", "calls", "linked"}); err != nil {
		return err
	}
	for s := range e.Lists() {
		err := out.Write([]string{
			s.Module, strconv.FormatUint(s.Parent, 10), s.List, strconv.Itoa(s.Calls), strconv.Itoa(s.Linked),
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
