package job

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"delink/pkg/disk"
	"delink/pkg/journal"
	"delink/pkg/outcome"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// What a killed run left in doubt stays so for a run that has other result files, if it may be of
// the same CRM.
func TestDoubtsOfOtherResults(t *testing.T) {
	record := func(crm zoho.Identity) journal.Doubts {
		r := journal.Record{CRM: crm, Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: 1, Related: []zoho.ID{12, 99}}
		return journal.Doubts{Records: []journal.Record{r}}
	}
	tests := []struct {
		name string
		crm  zoho.Identity
		own  bool // the journal is that of this run's results
		want outcome.Status
	}{
		{"the same org", here, false, outcome.Unknown},
		{"nothing shows that it is another org", zoho.Identity{Host: here.Host, Login: "other"}, false, outcome.Unknown},
		{"another org", zoho.Identity{Org: "70001", Host: here.Host}, false, outcome.Pending},
		{"a rehearsal", zoho.Identity{Org: report.Emulator, Host: report.Emulator, Login: report.Emulator}, false, outcome.Pending},
		{"this run's results", here, true, outcome.Unknown},
		{"this run's results, another org", zoho.Identity{Org: "70001", Host: here.Host}, true, outcome.Pending},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			write(t, filepath.Join(folder, "links.csv"), inputOf(11, 12))
			results := filepath.Join(folder, "other.results.csv")
			if test.own {
				results = filepath.Join(folder, "links.results.csv")
			}
			if err := journal.Keep(disk.OS{}, journal.Of(results), record(test.crm), 0); err != nil {
				t.Fatal(err)
			}
			j, _ := jobIn(t, folder, Choice{})
			if err := j.compare(); err != nil {
				t.Fatal(err)
			}
			want := map[zoho.ID]outcome.Status{11: outcome.Pending, 12: test.want}
			if got := statuses(j); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%v, want %v", got, want)
			}
			if !test.own {
				return
			}
			// What this input does not have, or this CRM has not, is carried over for the next run.
			carried := 0
			for _, r := range j.stillInDoubt().Records {
				carried += len(r.Related)
			}
			if carried != 2 {
				t.Errorf("%d links are carried over: %+v", carried, j.stillInDoubt())
			}
		})
	}
}

// A file that has the name of the journal and is none, or is damaged, is left alone, and the run
// does not begin. A run that begins anew takes every link for one in doubt, and keeps what the whole
// lines say of links that its input does not have.
func TestForeignFileWithTheNameOfTheJournal(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "links.csv"), inputOf(11))
	name := journal.Of(filepath.Join(folder, "links.results.csv")).Path
	r := journal.Record{CRM: here, Relation: zoho.Relation{Module: "Campaigns", List: "Leads"}, Parent: 1, Related: []zoho.ID{99}}
	if err := journal.Keep(disk.OS{}, journal.Of(filepath.Join(folder, "links.results.csv")), journal.Doubts{Records: []journal.Record{r}}, 0); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	write(t, name, "a diary"+string(whole))
	j, _ := jobIn(t, folder, Choice{})
	err = j.compare()
	if refused := new(Refusal); !errors.As(err, &refused) || refused.Remedy != BeginAnewInDoubt {
		t.Errorf("%v", err)
	}
	j, _ = jobIn(t, folder, Choice{Restart: true})
	if err := j.compare(); err != nil {
		t.Fatal(err)
	}
	if got := j.book.InDoubt(); len(got) != 1 {
		t.Errorf("in doubt are %v", got)
	}
	runOf(t, folder, Choice{Restart: true}, map[zoho.ID]outcome.Status{11: outcome.Gone})
	past, err := journal.Read(disk.OS{}, name)
	if err != nil || past == nil || len(past.Records) != 1 || past.Records[0].Related[0] != 99 {
		t.Errorf("the journal that is left says %+v, %v", past, err)
	}
	kept, _ := filepath.Glob(filepath.Join(folder, ".links.results.csv.2*.delink-journal"))
	if len(kept) != 1 {
		t.Fatalf("kept are %q", kept)
	}
	if b, err := os.ReadFile(kept[0]); err != nil || string(b) != "a diary"+string(whole) {
		t.Errorf("kept is %q, %v", b, err)
	}
}
