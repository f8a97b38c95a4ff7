// Package disk keeps files so that they survive the end of the process and the loss of power.
//
// It appends to a file, replaces a file as a whole, gives a file another name, locks files and
// reserves space. What was synced is still there after a power failure. What was written is still
// there after a kill. If another program removes, replaces or cuts a file that is being appended
// to, the next Sync returns an error.
//
// A lock belongs to the file, not to its name: two runs cannot write one file through a symbolic
// link, a hard link or another spelling of its path. See Held.
//
// Files that the package makes for its own use lie beside the file that they serve. Hidden gives
// their names: .links.results.csv.delink-lock. The package never opens a symbolic link for writing,
// and it removes nothing that it did not make.
//
// OS is made of Calls, the plain calls of an operating system. Tests replace Calls by ones that
// fail or lose power, so that the order of writes, syncs and renames is tested too.
package disk
