// Package doctor finds out what would keep delink from its work in an org.
//
// Examine asks the org about itself, about what the login may do, and about relations, with calls
// that change nothing. It gives Findings, whose Checks say what was found, one by one.
package doctor
