// Package reader turns the input, a CSV file, into links.
//
// It takes UTF-8 text (with or without a byte order mark) with a header, commas, and LF or CRLF line ends. The header
// names the columns module, parent_id, relation and related_id, in any order and case; other columns are carried along.
// Options stand in for a module or relation column that is missing; a column that is there is used, and the option is
// not. Ids are 1 to 20 digits, or that with the prefix zcrm_ of Zoho's exports. Blank lines are skipped.
//
// It gives rows in the order of the file, each with the physical line on which it starts (the first line is 1), its
// text as it stands in the file, and either its link or the reason why it cannot be used.
//
// It promises that every row of the file is given, once, or that an error ends the rows: a row that cannot be used
// never hides another one, and no row is ever repaired by guessing. Memory does not grow with the file: a row is limited
// to 1 MiB, so that a quote that is never closed is an error and not a swallowed file.
package reader
