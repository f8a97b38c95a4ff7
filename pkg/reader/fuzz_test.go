package reader_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"

	"delink/pkg/reader"
)

// FuzzReader holds for any bytes: no panic, no end missing; every refusal names its place; rows come in the order of
// their lines, their texts stand in the input one behind the other, and a link is what encoding/csv finds in the text.
func FuzzReader(f *testing.F) {
	for _, test := range refusedInputs {
		if len(test.input) < 1<<10 {
			f.Add([]byte(test.input), test.opt.Module != "")
		}
	}
	for _, test := range refusedRows {
		f.Add([]byte("module,parent_id,relation,related_id,Note\n"+test.row+"\nCampaigns,1,Leads,2,\n"), false)
	}
	f.Add([]byte("\xef\xbb\xbfdelink_code,parent_id,\"related_id\",delink_status\r\n\r\n\"a\r\nb\",zcrm_1,2,x\r\n"), true)
	f.Fuzz(func(t *testing.T, input []byte, constants bool) {
		opt := reader.Options{}
		if constants {
			opt = reader.Options{Module: "Campaigns", Relation: "Leads"}
		}
		refused := func(err error) {
			var e *reader.InputError
			if !errors.As(err, &e) || e.Line < 1 || e.Col < 1 && e.Err == nil || e.Cause == "" || !strings.HasPrefix(err.Error(), "fuzz.csv:") {
				t.Fatalf("refused without place or cause: %v", err)
			}
			if e.Line > bytes.Count(input, []byte("\n"))+1 {
				t.Fatalf("there is no line as in: %v", err)
			}
		}
		in, err := reader.New("fuzz.csv", bytes.NewReader(input), opt)
		if err != nil {
			refused(err)
			return
		}
		h := in.Header()
		rest := input[bytes.Index(input, h.Raw)+len(h.Raw):]
		line, ended := h.Line, false
		for row, err := range in.Rows() {
			if err != nil {
				refused(err)
				ended = true
				continue
			}
			at := bytes.Index(rest, row.Raw)
			if at < 0 || len(bytes.TrimSpace(rest[:at])) > 0 {
				t.Fatalf("line %d: the text %q is not the next one in %q", row.Line, row.Raw, rest)
			}
			rest = rest[at+len(row.Raw):]
			if row.Line <= line {
				t.Fatalf("line %d comes behind line %d", row.Line, line)
			}
			line = row.Line
			if e := row.Err; e != nil {
				if e.Line != row.Line || e.AtLine < e.Line || e.AtCol < 1 || e.Reason == "" || !strings.HasPrefix(e.Error(), "fuzz.csv:") {
					t.Fatalf("refused without place or cause: %+v", e)
				}
				continue
			}
			fields, err := csv.NewReader(bytes.NewReader(row.Raw)).Read()
			if err != nil || len(fields) != len(h.Columns) {
				t.Fatalf("line %d: %q is taken: %v", row.Line, row.Raw, err)
			}
			for i, name := range h.Columns {
				switch strings.ToLower(strings.TrimSpace(name)) {
				case "parent_id":
					if strings.TrimPrefix(fields[i], "zcrm_") != row.Link.Parent.String() {
						t.Fatalf("line %d: parent_id %q is taken as %v", row.Line, fields[i], row.Link.Parent)
					}
				case "related_id":
					if strings.TrimPrefix(fields[i], "zcrm_") != row.Link.Related.String() {
						t.Fatalf("line %d: related_id %q is taken as %v", row.Line, fields[i], row.Link.Related)
					}
				case "module":
					if fields[i] != row.Link.Relation.Module {
						t.Fatalf("line %d: module %q is taken as %v", row.Line, fields[i], row.Link.Relation)
					}
				case "relation":
					if fields[i] != row.Link.Relation.List {
						t.Fatalf("line %d: relation %q is taken as %v", row.Line, fields[i], row.Link.Relation)
					}
				}
			}
			if added(h) {
				continue // which of them are ours is tested elsewhere
			}
			own, err := csv.NewReader(bytes.NewReader(h.Own(row.Raw))).Read()
			if err != nil || len(own) != len(fields) {
				t.Fatalf("line %d: own text of %q: %v", row.Line, row.Raw, err)
			}
		}
		if !ended && len(bytes.TrimSpace(rest)) > 0 {
			t.Fatalf("%q is lost", rest)
		}
	})
}

func added(h *reader.Header) bool {
	return slices.ContainsFunc(h.Columns, func(name string) bool {
		return slices.Contains(reader.AddedColumns[:], strings.ToLower(strings.TrimSpace(name)))
	})
}
