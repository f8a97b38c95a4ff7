package job

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"delink/pkg/disk"
	"delink/pkg/journal"
	"delink/pkg/outcome"
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
		{"a rehearsal", zoho.Identity{Org: Emulator, Host: Emulator, Login: Emulator}, false, outcome.Pending},
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
			if err := journal.Keep(disk.OS{}, results, record(test.crm)); err != nil {
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

// A file that is no journal and has its name is left alone, and the run does not begin.
func TestForeignFileWithTheNameOfTheJournal(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "links.csv"), inputOf(11))
	name := journal.Name(filepath.Join(folder, "links.results.csv"))
	write(t, name, "a diary\n")
	j, _ := jobIn(t, folder, Choice{Restart: true})
	err := j.compare()
	if refused := new(Refusal); !errors.As(err, &refused) || refused.Remedy != GiveOtherFiles {
		t.Errorf("%v", err)
	}
}
