package zoho

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkAnswer decodes the answer to a call with 100 ids and matches it to them.
func BenchmarkAnswer(b *testing.B) {
	ids := make([]ID, MaxIDs)
	items := make([]string, MaxIDs)
	for i := range ids {
		ids[i] = 3652397000000900001 + ID(i)
		items[i] = fmt.Sprintf(`{"code":"SUCCESS","details":{"id":"%s"},"message":"relation removed","status":"success"}`, ids[i])
	}
	body := []byte(`{"data":[` + strings.Join(items, ",") + `]}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		answer, _ := match(ids, decode(body).Data)
		if answer[MaxIDs-1].Verdict != Removed {
			b.Fatal(answer)
		}
	}
}

// BenchmarkList decodes the answer to a look-up of 100 ids.
func BenchmarkList(b *testing.B) {
	ids := make([]ID, MaxIDs)
	records := make([]string, MaxIDs)
	for i := range ids {
		ids[i] = 3652397000000900001 + ID(i)
		records[i] = fmt.Sprintf(`{"id":"%s","$member_info":{"Member_Status":"Active","id":"3652397000000900999"}}`, ids[i])
	}
	body := []byte(`{"data":[` + strings.Join(records, ",") + `],"info":{"per_page":200,"count":100,"page":1,"more_records":false}}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if linked, ok := among(ids, decodeList(body, columns{})); !ok || !linked[MaxIDs-1].Linked {
			b.Fatal(linked)
		}
	}
}
