// Package chunker groups links into batches.
//
// A Builder takes the links of an input with their lines, and makes a Set of them. The Set has all
// rows, grouped by parent record and relation, and gives each row a position. Set.Batches gives the
// batches: links that one call can remove.
//
// A link is in one batch at most, however often the input has it. There are as few batches as their
// size allows. The same input always gives the same positions and batches.
//
// A row takes 16 bytes while the rows are collected, and 12 bytes in the Set. Each pair of parent
// record and relation takes 35 to 45 bytes more.
package chunker
