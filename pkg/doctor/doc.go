// Package doctor finds out what would keep delink from its work in an org.
//
// Examine asks the org about itself, about what the login may do, and about relations, with calls
// that change nothing. It gives Findings, whose Checks say what was found, one by one.
//
// Probe takes one link of the org through a removal and back, and reports what the API really
// answers where its documentation is silent or disagrees with itself. It leaves the link as it was,
// or says what is missing.
package doctor
