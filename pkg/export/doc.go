// Package export lists links of a relation from the CRM into a CSV that a run takes as its input.
//
// Run takes a Config, which says which links, and a job.World, which has what it needs of the
// outside. Its steps are: find the parent records, count the links of each, list them page by page,
// and write the output in the order of the ids.
//
// What is read goes to a spool, a hidden file beside the output. Each parent record is closed there
// once it is known that its list is whole: as many links were listed as were counted. The same
// command goes on with the parent records that are not closed. A parent record that cannot be
// closed is named, and the output has what there is of it.
//
// No link that is there from the beginning of the listing of its parent record to its end is
// missed without that being said. Memory is needed for each parent record and each page, and not
// for each link.
package export
