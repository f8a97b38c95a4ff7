// Package job takes one input through all its steps, from reading it to its exit code.
//
// Run is the whole order: read, open, ask, compare, propose, confirm, send, close. Look goes as far
// as the proposal and changes nothing. What a job needs of the outside is handed in as a World: the
// disk, the connection to a CRM, and the questions to a person.
//
// Nothing is sent while a row is unread or a question is open. A *Refusal means that nothing was
// sent, and says what to change; any other error means that the run could not go on.
package job
