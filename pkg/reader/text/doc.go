// Package text turns the bytes of an input into UTF-8 text.
//
// It unpacks gzip and zstd, and decodes UTF-16 with its mark. It refuses what is no text
// (workbooks, archives, PDFs), and text whose encoding cannot be told for sure, with what it is and
// what to do. Memory does not grow with the input.
package text
