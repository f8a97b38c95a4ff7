// Package worker has the operations that run on an engine: Delink removes links, Relink makes them
// again, LookUp asks which links are there, and Ask asks an org about itself.
//
// Delink takes batches, and gives one outcome for each link that was sent, or that cannot be
// removed because its parent record or its list is refused. It repeats calls that may go through,
// splits a batch that is refused because of an id that is not named, and looks up links whose call
// went unanswered. If the links' own fields are to be kept, it reads and keeps them before it sends a
// batch. Other links have no outcome. Outcomes are built by going through the ids that
// were sent and finding the answer to each, never the reverse.
//
// Relink does the same for links that are to be made. It looks each batch up before it is sent, and
// leaves links alone that are there: to make them again would overwrite their fields. What cannot
// be looked up is not sent. The first link of each relation is sent alone and read back before the
// others follow.
//
// A new operation is a type with the methods of engine.Operation. It needs no change to the engine.
package worker
