package main

import (
	"net/http"
	"testing"

	"delink/pkg/disk"
	"delink/pkg/zoho/emulator/wire"
)

// hasty is a disk that syncs nothing: no power is lost here, and a thousand runs would wait for it.
var hasty = disk.OS{Calls: unsynced{}}

type unsynced struct{ disk.System }

func (u unsynced) Append(name string) (disk.Handle, error) { return noSync(u.System.Append(name)) }

func (u unsynced) Temp(near, what string) (disk.Handle, error) {
	return noSync(u.System.Temp(near, what))
}

func (u unsynced) Lock(name string, guard bool) (disk.Handle, error) {
	return noSync(u.System.Lock(name, guard))
}

func (u unsynced) Same(f disk.Handle, name string) (bool, error) {
	return u.System.Same(f.(unsyncedFile).Handle, name)
}

func (unsynced) SyncFolder(string) error { return nil }

type unsyncedFile struct{ disk.Handle }

func (unsyncedFile) Sync() error { return nil }

func noSync(f disk.Handle, err error) (disk.Handle, error) { return unsyncedFile{f}, err }

// serveInMemory has the program's connections lead to h, whatever their address and without
// encryption, until the test ends.
func serveInMemory(t *testing.T, h http.Handler) {
	crm := wire.Serve(t, h)
	standard := http.DefaultTransport
	http.DefaultTransport = &http.Transport{DialContext: crm.Dial, DialTLSContext: crm.Dial}
	t.Cleanup(func() {
		http.DefaultTransport = standard
	})
}
