package knob

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// Every exported field is a knob with a help, whose default and values can be
// set; Default is what an empty Config becomes.
func TestKnobsCoverConfig(t *testing.T) {
	fields := reflect.TypeFor[Config]()
	list := List()
	if len(list) != fields.NumField() {
		t.Fatalf("%d knobs for %d fields", len(list), fields.NumField())
	}
	seen := map[string]bool{}
	for i, k := range list {
		field := fields.Field(i)
		if k.Name == "" || k.Subject == "" || k.Help == "" || seen[k.Name] {
			t.Errorf("field %s has the knob %+v", field.Name, k)
		}
		if !field.IsExported() {
			t.Errorf("field %s is not exported", field.Name)
		}
		seen[k.Name] = true
		var cfg Config
		if k.Default != "" {
			if err := cfg.Set(k.Name, k.Default); err != nil {
				t.Errorf("default: %v", err)
			}
			got := reflect.ValueOf(cfg).Field(i).Interface()
			want := reflect.ValueOf(Default()).Field(i).Interface()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: Default has %v, its default sets %v", k.Name, want, got)
			}
		}
		for _, v := range k.Values {
			if err := cfg.Set(k.Name, v); err != nil {
				t.Errorf("value: %v", err)
			}
		}
	}
	if !reflect.DeepEqual(Config{}.WithDefaults(), Default()) {
		t.Error("the zero Config is not the default one")
	}
}

func TestSet(t *testing.T) {
	tests := []struct {
		name, value string
		field       string
		want        any
	}{
		{"latency", "300ms", "Latency", Span{300 * time.Millisecond, 300 * time.Millisecond}},
		{"latency", "200ms..600ms", "Latency", Span{200 * time.Millisecond, 600 * time.Millisecond}},
		{"in-flight", "5", "InFlight", 5},
		{"in-flight", "none", "InFlight", -1},
		{"in-flight", "edition", "InFlight", 0},
		{"missing-items", "25%", "MissingItems", Share(0.25)},
		{"missing-items", "0.25", "MissingItems", Share(0.25)},
		{"seed", "18446744073709551615", "Seed", uint64(1<<64 - 1)},
		{"strict", "true", "Strict", true},
		{"absent", "1, 2,", "Absent", IDs{1: true, 2: true}},
		{"id-errors", "1:A,2:B_C", "IDErrors", IDCodes{1: "A", 2: "B_C"}},
		{"list-errors", "A.B:INVALID_DATA", "ListErrors", NameCodes{"A.B": "INVALID_DATA"}},
		{"list-labels", "A.B:Bs of the A, A.C: C ", "ListLabels", Labels{"A.B": "Bs of the A", "A.C": " C"}},
		{"scopes", "a,b", "Scopes", Names{"a", "b"}},
		{"faults", "drop-after:1%,500:0.02", "Faults", Mix{{Fault{Name: "drop", After: true}, 0.01}, {Fault{Name: "500"}, 0.02}}},
		{"fault-script", "3:reset-after,5-9:429,20-:torn,*:html-before,1:LIMIT_EXCEEDED", "FaultScript", Script{
			{3, 3, Fault{Name: "reset", After: true}},
			{5, 9, Fault{Name: "429"}},
			{20, 1<<64 - 1, Fault{Name: "torn", After: true}},
			{1, 1<<64 - 1, Fault{Name: "html"}},
			{1, 1, Fault{Name: "LIMIT_EXCEEDED"}},
		}},
		{"fault-script", "1:504-late,2:short", "FaultScript", Script{
			{1, 1, Fault{Name: "504", Late: true}},
			{2, 2, Fault{Name: "short", After: true}},
		}},
		{"clock-skew", "5m", "ClockSkew", Shift(5 * time.Minute)},
		{"clock-skew", "-90s", "ClockSkew", Shift(-90 * time.Second)},
		{"all-bad", "207", "AllBad", 207},
		{"torn-status", "own", "TornStatus", 0},
		{"torn-status", "400", "TornStatus", 400},
	}
	for _, tt := range tests {
		var cfg Config
		if err := cfg.Set(tt.name, tt.value); err != nil {
			t.Error(err)
			continue
		}
		if got := reflect.ValueOf(cfg).FieldByName(tt.field).Interface(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s=%s is %#v, want %#v", tt.name, tt.value, got, tt.want)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	tests := []struct{ setting, want string }{
		{"latensy=1s", `unknown knob "latensy"`},
		{"latency", "latency=value"},
		{"latency=fast", "300ms"},
		{"latency=-1s", "300ms"},
		{"latency=2s..1s", "ends before it begins"},
		{"token-life=-1h", "not a time"},
		{"clock-skew=--5m", "not a time"},
		{"all-bad=300", "400, 207, 200"},
		{"users=-1", "whole number"},
		{"credits=-2", "whole number"},
		{"seed=-1", "whole number"},
		{"strict=perhaps", "true or false"},
		{"missing-items=1.5", "25%"},
		{"missing-items=NaN", "25%"},
		{"absent=12x", "not a record id"},
		{"id-errors=12", "12:CODE"},
		{"id-errors=x:CODE", "not a record id"},
		{"module-errors=Leads", "Leads:CODE"},
		{"faults=drop", "drop:1%"},
		{"faults=drop:60%,reset:60%", "more than 1"},
		{"faults=jump:1%", "unknown fault"},
		{"faults=drop:x", "not a share"},
		{"fault-script=3", "3:500"},
		{"fault-script=0:drop", "write 3, 5-9, 20- or *"},
		{"fault-script=9-5:drop", "write 3, 5-9, 20- or *"},
		{"fault-script=1:200", "unknown fault"},
		{"fault-script=1:torn-before", "no sense"},
		{"fault-script=1:invalid-token-after", "no sense"},
		{"fault-script=1:invalid-token-late", "no sense"},
		{"fault-script=1:torn-late", "no sense"},
		{"fault-script=1:short-before", "no sense"},
		{"torn-status=300", "own, 200, 207"},
	}
	for _, tt := range tests {
		var cfg Config
		err := cfg.SetAll(tt.setting)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.setting, err, tt.want)
		}
	}
}
