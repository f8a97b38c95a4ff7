// Package emulator is a Zoho CRM that lives on one machine: the accounts
// host (OAuth) and the API host behind one [http.Handler].
//
// It takes a [Config], whose every field is a knob with a name, and the links
// that shall exist ([Emulator.Link]); it gives the answers that Zoho gives, and
// keeps books of what was asked of it and what is true ([Emulator.Books],
// [Emulator.State]). It promises that the books are exact, that it never
// touches a network unless [Emulator.Start] is called, that it starts no
// goroutine of its own before that, and that with the same seed and the same
// order of calls it behaves the same. All waiting goes through package time
// and ends with the request, so it runs in a testing/synctest bubble as well.
//
// Nobody can look inside Zoho, so the comments say how sure a fact is:
//
//	D  Zoho's documentation
//	S  Zoho's OpenAPI files
//	K  Zoho's official SDKs
//	R  reported by users, or seen in public code
//	I  inferred
//	?  unknown
//
// Whatever is R, I or ? is a knob, so that a client can be tried against every
// reading. The zero Config is a healthy server as Zoho most likely is.
package emulator
