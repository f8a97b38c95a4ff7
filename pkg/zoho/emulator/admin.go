package emulator

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// adminPath is where another process can see and change the books:
//
//	GET  /_emulator/books   Books, as JSON
//	GET  /_emulator/links   module,parent_id,relation,related_id,linked,sent as CSV
//	POST /_emulator/links   loads a CSV; see [Emulator.Load]
//	POST /_emulator/records loads a CSV of records; see [Emulator.LoadRecords]
//	GET  /_emulator/lists   module,parent_id,relation,calls,linked as CSV
//	GET  /_emulator/knobs   the knobs, as JSON
//	POST /_emulator/knobs   sets knobs, from a form
//
// These are no calls of the API: they need no token, and the books do not count them.
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
	case "POST records":
		var n int
		if n, err = e.LoadRecords(r.Body); err == nil {
			_, err = fmt.Fprintf(w, "%d records\n", n)
		}
	case "GET lists":
		err = e.writeLists(w)
	case "GET knobs":
		err = writeJSON(w, Knobs())
	case "POST knobs":
		err = e.setKnobs(r)
	default:
		http.Error(w, "there is no "+r.Method+" "+r.URL.Path+" (there are: books, links, records, lists, knobs)", http.StatusNotFound)
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
				// The loop above has tried it.
				_ = c.Set(name, value)
			}
		}
	})
	return nil
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
