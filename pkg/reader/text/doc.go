// Package text turns the bytes of an input into UTF-8 text.
//
// It unpacks gzip and zstd, and decodes UTF-16 with its mark, and any encoding that it is told. A mark
// is believed more than what it is told. It refuses what is no text (workbooks, archives, PDFs), and
// UTF-16 and UTF-32 of which nothing says so, with what it is and what to do. Memory does not grow
// with the input.
//
// Bytes that are not text in the encoding are passed on: in UTF-8 as they are, in others as half a
// surrogate pair each, which is not UTF-8 either. So the reader finds them in one way, and no text is
// taken for another.
package text
