package zoho

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Records without a name, or that the CRM does not show, are left out.
func TestNames(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   map[ID]string
		code   string
	}{
		"some": {
			200, `{"data":[{"id":"3652397000000900002","Campaign_Name":"Autumn Fair"},{"id":"3652397000000900001","Campaign_Name":null}],"info":{"more_records":false}}`,
			map[ID]string{idB: "Autumn Fair"},
			"",
		},
		"none":             {204, "", map[ID]string{}, ""},
		"a missing scope":  {401, `{"code":"OAUTH_SCOPE_MISMATCH","details":{},"message":"invalid oauth scope to access this URL","status":"error"}`, nil, "OAUTH_SCOPE_MISMATCH"},
		"an error of ours": {400, `{"code":"INVALID_DATA","details":{"param_name":"ids"},"message":"invalid","status":"error"}`, nil, "INVALID_DATA"},
	} {
		t.Run(name, func(t *testing.T) {
			client := over(t, canned{status: c.status, body: c.body})
			got, err := client.Names(t.Context(), "Campaigns", []ID{idA, idB})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != (c.code != "") || err != nil && AsError(err).Code != c.code {
				t.Errorf("the error is %v, want %q", err, c.code)
			}
		})
	}
}
