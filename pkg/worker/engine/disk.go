package engine

// disk is what is known of the operation's files: what was written and is not yet sure to survive a
// power failure.
type disk struct {
	unsynced int // writes since the last sync began
	syncing  int // writes that the sync covers that is under way; 0 if none is
	dirty    chan struct{}
	synced   chan error
}

func newDisk() disk {
	return disk{dirty: make(chan struct{}, 1), synced: make(chan error, 1)}
}

// Wrote says that the operation has written something, which has to be brought to disk.
func (d *dispatcher) Wrote() {
	d.disk.unsynced++
	d.sync()
}

// sync has what was written brought to disk, by one sync for all that has come since the last one.
func (d *dispatcher) sync() {
	if d.disk.unsynced > 0 && d.disk.syncing == 0 {
		d.disk.unsynced, d.disk.syncing = 0, d.disk.unsynced
		d.disk.dirty <- struct{}{}
	}
}

// exposed reports whether the limit is reached of tasks that are in flight or not yet sure to be on
// disk: two for each slot. These are what the next run sends again after a power failure.
func (d *dispatcher) exposed() bool {
	return d.inFlight+d.disk.unsynced+d.disk.syncing >= 2*d.engine.settings.Slots
}
