// Package scan finds the rows of a text and their fields, and what is wrong with their quotes.
//
// A Window holds the part of the text that is being worked on, a Scanner finds the row that begins
// at a place in it. A row that has a fault ends with its line, so that it hides no other row.
package scan
