// Package probe takes one link of an org through a removal and back, and reports what the API really
// answers where its documentation is silent or disagrees with itself.
//
// Run leaves the link as it was, or says what is missing. Before it changes anything, it writes down
// how the link was. With that file Restore puts back the link of a probe that was killed.
package probe
