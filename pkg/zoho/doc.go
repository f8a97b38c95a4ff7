// Package zoho speaks the Zoho CRM API: its words (ID, Relation, data centres), one call at a time (Client), and
// access tokens (TokenSource).
//
// It makes one attempt per call and says what the answer means; repeating, pacing and giving up are the caller's
// decision. It knows nothing of files, batches or runs. Facts of the API name their source with the letters
// D (documentation), S (OpenAPI files), K (official SDKs), R (reported by users), I (inferred).
package zoho
