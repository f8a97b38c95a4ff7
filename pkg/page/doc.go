// Package page writes what became of a job as one HTML file.
//
// Save takes a model of package recap and the sentences of the program, and writes a page that
// needs nothing but the file: script, style and data are in it, and its policy (CSP) forbids every
// request. The failed rows are in the page as compressed columns, up to mostRows of them.
//
// Texts of the CRM are hostile. In the static part html/template escapes them. Data for the script
// is JSON, or base64, in which no tag can end, and the script shows it as text only.
//
// The charts are drawn by uPlot: see the folder uplot for its licence.
package page
