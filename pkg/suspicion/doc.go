// Package suspicion looks for what is often a mistake in an input that can be read: ids that a
// program has rounded, ids of another org, parent and related records that are swapped.
//
// It takes a chunker.Set and gives values. What they mean for a run, and which option helps, is for
// the program to say.
package suspicion
