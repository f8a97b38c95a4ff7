package coql

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

var campaign = map[string]any{
	"id": "3652397000000001001", "Campaign_Name": "Spring O'Neil", "Type": "Webinar", "End_Date": "2024-12-31",
	"Budgeted_Cost": 1500.5, "Active": true, "Owner.id": "7", "Created_Time": "2024-01-01T10:00:00+02:00", "Empty": nil,
}

func record(m map[string]any) Record { return func(field string) any { return m[field] } }

func TestConditions(t *testing.T) {
	tests := []struct {
		condition string
		want      bool
	}{
		{"id = 3652397000000001001", true},
		{"id = '3652397000000001001'", true},
		{"id = 3652397000000001000", false}, // equal as a float64
		{"id > 0", true},
		{"id > 3652397000000001000", true},
		{"id > 3652397000000001001", false},
		{"id >= 3652397000000001001", true},
		{"id < 10000000000000000000", true},
		{"id <= 999", false},
		{"Type = 'Webinar'", true},
		{"Type != 'Webinar'", false},
		{"Type <> 'Fair'", true},
		{"Campaign_Name = 'Spring O''Neil'", true},
		{`Campaign_Name = 'Spring O\'Neil'`, true},
		{"Campaign_Name like 'Spring%'", true},
		{"Campaign_Name like '%Neil'", true},
		{"Campaign_Name like '%ing%Ne%'", true},
		{"Campaign_Name like 'Spring'", false},
		{"Campaign_Name not like '%Winter%'", true},
		{"Campaign_Name like 'S%l%l'", false},
		{"End_Date < '2025-01-01'", true},
		{"End_Date < '2024-12-31'", false},
		{"End_Date between '2024-12-31' and '2025-01-31'", true},
		{"End_Date between '2025-01-01' and '2025-01-31'", false},
		{"End_Date not between '2025-01-01' and '2025-01-31'", true},
		{"Created_Time = '2024-01-01T08:00:00Z'", true},
		{"Created_Time < '2024-01-01T08:30:00+00:00'", true},
		{"Budgeted_Cost > 1500", true},
		{"Budgeted_Cost = 1500.50", true},
		{"Budgeted_Cost < -1", false},
		{"Budgeted_Cost between 1 and 2", false},
		{"Type between 1 and 'Z'", false}, // a text is not between a number and a text
		{"Active = true", true},
		{"Active = false", false},
		{"Active != FALSE", true},
		{"Active > false", false},
		{"Owner.id in (5, 6, 7)", true},
		{"Type in ('Fair','Webinar')", true},
		{"Type not in ('Fair')", true},
		{"Type not in ('Webinar')", false},
		{"Empty is null", true},
		{"Nowhere is null", true},
		{"Type is not null", true},
		{"Empty = ''", false},
		{"Empty != 'x'", false},
		{"Empty not in ('x')", false},
		{"Type = 'Fair' or id > 0", true},
		{"Type = 'Fair' AND id > 0", false},
		{"(Type = 'Fair' or id > 0) and (Active = true)", true},
		{"((Type = 'Fair' and id > 0) or Active = false) or Empty is null", true},
	}
	for _, tt := range tests {
		c, err := ParseCondition(tt.condition)
		if err != nil {
			t.Errorf("%s: %v", tt.condition, err)
			continue
		}
		if got := c.Holds(record(campaign)); got != tt.want {
			t.Errorf("%s is %v", tt.condition, got)
		}
	}
}

func TestParse(t *testing.T) {
	q, err := Parse("select id, Campaign_Name\nfrom Campaigns where (End_Date < '2025-01-01') and (id > 0) order by id, Type desc, Name ASC limit 2000 offset 4")
	if err != nil {
		t.Fatal(err)
	}
	order := []Order{{"id", false}, {"Type", true}, {"Name", false}}
	if !slices.Equal(q.Fields, []string{"id", "Campaign_Name"}) || q.From != "Campaigns" || !slices.Equal(q.Order, order) || q.Limit != 2000 || q.Offset != 4 {
		t.Errorf("%+v", q)
	}
	if !q.Where.Holds(record(campaign)) {
		t.Error("the condition does not hold")
	}
	if q, err = Parse("SELECT id FROM Leads WHERE id > 0 LIMIT 10, 20"); err != nil || q.Offset != 10 || q.Limit != 20 {
		t.Errorf("%+v %v", q, err)
	}
	if q, err = Parse("select id from Leads where id > 0"); err != nil || q.Offset != 0 || q.Limit != -1 {
		t.Errorf("%+v %v", q, err)
	}
}

func TestParseRefuses(t *testing.T) {
	const where = "select id from Leads where "
	tests := []struct{ query, want string }{
		{"", "select is missing"},
		{"delete from Leads", "select is missing"},
		{"select from Leads", "a name"},
		{"select id Leads", "from is missing"},
		{"select id from Leads", "where is missing"},
		{"select id from Leads order by id", "where is missing"},
		{where, "a name"},
		{where + "id", "an operator"},
		{where + "id >", "a value"},
		{where + "id > x", "a value"},
		{where + "id > 0 and id > 1 and id > 2", "three conditions need brackets"},
		{where + "id > 0 or id > 1 and id > 2", "three conditions need brackets"},
		{where + "(id > 0", "not closed"},
		{where + "id > 0)", "nothing is expected"},
		{where + "id in 1", "a bracket"},
		{where + "id in (1 2)", "a comma"},
		{where + "id in ()", "a value"},
		{where + "id between 1 or 2", "and is expected"},
		{where + "id is 5", "null"},
		{where + "Name = 'x", "the quote is not closed"},
		{where + "Name = \"x\"", "means nothing"},
		{where + "id > 0; drop", "means nothing"},
		{where + "id > 0 order id", "by is expected"},
		{where + "id > 0 limit x", "a whole number"},
		{where + "id > 0 limit -1", "a whole number"},
		{where + "id > 0 limit 1.5", "a whole number"},
		{where + "id > 0 offset", "a whole number"},
		{where + "id > 0 limit 1 limit 2", "nothing is expected"},
		{where + strings.Repeat("(", 60) + "id > 0" + strings.Repeat(")", 60), "nested too deep"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.query)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want one with %q", tt.query, err, tt.want)
		}
	}
}

func TestSort(t *testing.T) {
	names := func(query string) string {
		q, err := Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		var rs []Record
		for _, m := range []map[string]any{
			{"id": "9", "n": 10.0, "s": "b"}, {"id": "10", "n": 9.0, "s": "a"}, {"id": "1", "n": nil, "s": "b"},
		} {
			rs = append(rs, record(m))
		}
		q.Sort(rs)
		var ids []string
		for _, r := range rs {
			ids = append(ids, r("id").(string))
		}
		return strings.Join(ids, " ")
	}
	for order, want := range map[string]string{
		"": "9 10 1", "order by id": "1 9 10", "order by id desc": "10 9 1", "order by n": "1 10 9", "order by s, id desc": "10 9 1",
	} {
		if got := names("select id from L where id > 0 " + order); got != want {
			t.Errorf("%q: %s, want %s", order, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("select id, A.b from Leads where (x = 'a''b' and y in (1,-2.5)) or z not like '%' order by id desc limit 1, 2")
	f.Add("select id from Leads where a between '1' and '2' offset 3")
	f.Fuzz(func(t *testing.T, query string) {
		q, err := Parse(query)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%T %v", err, err)
			}
			return
		}
		// Whatever was read can be asked.
		q.Where.Holds(record(campaign))
		if len(q.Fields) == 0 || q.From == "" || q.Offset < 0 {
			t.Errorf("%+v", q)
		}
	})
}
