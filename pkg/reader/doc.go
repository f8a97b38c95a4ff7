// Package reader turns the input, a CSV file as people have it, into links.
//
// It takes UTF-8 text, UTF-16 with its mark, or text in the encoding that Options say, also
// compressed with gzip or zstd; values separated by commas, semicolons, tabs or bars; lines that
// end in LF, CRLF or CR. Bytes that are not UTF-8 do no harm in values that are only carried along.
// Compression, delimiter and line ends are found out; what cannot be told safely is refused, with
// what it is and what to do. The header names the columns of a link: by the canonical names module,
// parent_id, relation and related_id, by those of Zoho's exports, or by what Options say. Where
// there is more than one way to understand it, it is refused: with parent and related record
// swapped, the job would be another one. Options stand in for a module or relation column that is
// missing; a column that is there is used, and the option is not.
//
// What Zoho and people put around an id is taken off, and nothing in it is touched: an id that a
// spreadsheet has rounded is another record's. Blank lines, emptied rows and repetitions of the
// header are no rows. A header without rows is an empty input only if it names a link and holds no
// id: otherwise the rows are there, and cannot be found.
//
// It gives rows in the order of the file, each with the physical line on which it starts (the first
// line is 1), its text as it stands in the file, and either its link or the reason why it cannot be
// used. Header.NewWriter writes such rows in the dialect of the input.
//
// It promises that every row of the file is given, once, or that an error ends the rows: a row that
// cannot be used never hides another one, and no row is ever repaired by guessing. Time grows in
// proportion to the file, and memory does not grow: a row is limited to 1 MiB, so that a quote that
// is never closed is an error and swallows no file.
//
// What is wrong is a value: an InputError, which says with its Remedy which of Options helps, or a
// RowError. The layers below are packages text (bytes), scan (rows) and value (ids and names).
package reader
