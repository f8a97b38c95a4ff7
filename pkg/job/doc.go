// Package job puts the stages together: it reads and checks an input (Plan), takes up what an earlier run left (Open), and
// delinks and records (Run).
//
// Nothing is sent while a row is unread or a question is open. A *Refusal means that nothing was sent, and says what to
// change; any other error means that the run could not go on.
package job
