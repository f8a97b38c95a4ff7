// Package value reads the values of a row: record ids, and names of modules and related lists.
//
// It takes off what Zoho, spreadsheets and people put around them, and changes nothing inside: an
// id that a spreadsheet has rounded is another record's.
package value
