// Package emulator is a Zoho CRM that runs on this machine: the accounts host (OAuth) and the API
// host behind one [http.Handler].
//
// A [Config] says how it behaves; every field is a knob with a name. The records and links that
// exist are put in with [Emulator.Link], [Emulator.SetRecord] and [Emulator.Load], or come with
// [Demo]. The answers are those that docs/zoho-api.md describes. [Emulator.Books] and
// [Emulator.State] tell what was asked and what is true.
//
// The books are exact. The emulator touches no network unless [Emulator.Start] is called, and
// starts no goroutine of its own before that. With the same seed and the same order of calls, it
// behaves the same. All waiting goes through package time and ends with the request, so the
// emulator also runs in a testing/synctest bubble.
//
// The comments say how sure a fact is:
//
//	D  Zoho's documentation
//	S  Zoho's OpenAPI files
//	K  Zoho's official SDKs
//	R  reported by users, or seen in public code
//	I  inferred
//	?  unknown
//
// Whatever is R, I or ? has a knob, so that a client can be tried against every reading. The zero
// Config is a healthy server, as Zoho most likely is.
package emulator
