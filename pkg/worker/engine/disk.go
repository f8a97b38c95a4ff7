package engine

// disk counts what the operation has written and what would not survive a power failure yet.
type disk struct {
	unsynced int // writes since the last sync began
	syncing  int // writes that the current sync covers; 0 if there is none
	dirty    chan struct{}
	synced   chan error
}

func newDisk() disk {
	return disk{dirty: make(chan struct{}, 1), synced: make(chan error, 1)}
}

// Wrote notes that the operation has written something, and has it brought to disk.
func (d *dispatcher) Wrote() {
	d.disk.unsynced++
	d.sync()
}

// sync begins a sync, unless there is one or there is nothing to sync. One sync covers all that was
// written since the last one began.
func (d *dispatcher) sync() {
	if d.disk.unsynced > 0 && d.disk.syncing == 0 {
		d.disk.unsynced, d.disk.syncing = 0, d.disk.unsynced
		d.disk.dirty <- struct{}{}
	}
}

// exposed reports whether as many tasks are open or not yet synced as may be: two for each
// slot. After a power failure, the next run sends these again.
func (d *dispatcher) exposed() bool {
	return d.open()+d.disk.unsynced+d.disk.syncing >= 2*d.engine.settings.Slots
}
