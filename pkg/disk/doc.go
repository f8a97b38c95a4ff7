// Package disk keeps files so that they survive the end of the process and the loss of power.
//
// It appends to a file, replaces a file as a whole, gives a file another name, holds a lock, and reserves space. What has been
// synced is still there after a power failure; what has been written is still there after a kill. A file that another program
// removes, replaces or cuts meanwhile is an error of the next Sync.
//
// Disk is made of Calls, the plain calls of an operating system. Tests replace Calls by ones that fail or lose power, so that the
// order of writes, syncs and renames itself is tested.
package disk
