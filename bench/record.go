package main

import (
	"strconv"
	"time"

	"delink/pkg/disk"
	"delink/pkg/trace"
	"delink/pkg/worker/engine"
	"delink/pkg/zoho"
)

// bareRecord keeps a record of calls as a run does, one every hundredth of a second. args are the
// number of calls and the file; without a file, it does the same but for the record.
func bareRecord(args []string) error {
	calls, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	began := time.Now()
	observe, end := func(engine.Call) {}, func(trace.End) error { return nil }
	if args[1] != "" {
		log := trace.Begin(disk.OS{}, args[1], trace.Run{Start: began, Anew: true, Slots: 10})
		observe, end = log.Observe, log.End
	}
	tick := time.NewTicker(time.Second / 100)
	defer tick.Stop()
	for n := range calls {
		<-tick.C
		observe(engine.Call{
			What: engine.What{
				Kind: engine.KindDelink, Relation: zoho.Relation{Module: "Campaigns", List: "Leads"},
				Parent: zoho.ID(parentID(n / 20)), IDs: batch, Status: 200,
			},
			Sent: time.Now(), Took: 312 * time.Millisecond, Attempt: 1, InFlight: 10, Allowed: 10,
		})
	}
	return end(trace.End{End: time.Now(), Calls: calls})
}
