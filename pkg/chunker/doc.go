// Package chunker groups links into batches.
//
// It takes the links of an input with their lines. It gives a Set: all rows, grouped by parent record and relation, of
// which each row has a position, and from it batches of links that one call can remove.
//
// It promises that each link is in one batch at most, however often the input has it; that no batch is larger than asked
// for, and that there is none more than needed; and that positions and batches are the same for the same input. A row
// takes 16 bytes while rows are collected and 12 afterwards, a pair of parent record and relation 35 to 45 in addition.
package chunker
